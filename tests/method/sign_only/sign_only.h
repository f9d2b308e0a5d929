// A sixth method, as somebody adding one would write it: this folder, and one line in a table of methods.
#pragma once

#include "method/method.h"

namespace freeact {

struct SignOnlyConfig {
  double scale = 1.0;
  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("scale", scale, "times the mean magnitude of a row");
  }
  void check() const {}
};

// Weights become their sign times the row's mean magnitude; activations stay in 16 bit.
class SignOnly : public Method {
 public:
  SignOnly(const SignOnlyConfig& config, const MethodContext&) : config_(config) {}
  CalibratedBlock calibrate(const Block& block, const std::vector<BlockBatch>&, const DecoderConfig&) const override {
    Block changed = block;
    for (auto& site : changed.linears)
      for (Linear& linear : site)
        linear.weight = linear.weight.sign() * linear.weight.abs().mean(1, true) * config_.scale;
    CalibratedBlock result = round_block(changed, {{16, true}, {16, true}, {16, true}, {16, true}}, {});
    result.equivalent = block;
    return result;
  }

 private:
  SignOnlyConfig config_;
};

inline MethodEntry sign_only_entry() {
  return method_entry<SignOnly, SignOnlyConfig>("sign_only", "Sign only", "one bit per weight");
}

}  // namespace freeact
