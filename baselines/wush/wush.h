// WUSH (arXiv 2512.00956): a transform in closed form from the second moments of a site's inputs and of its weights,
// which gives both sides the same spectrum and spreads it by a rotation (calibration/closed_form.h). Nothing is
// trained. See README.md beside this file.
#pragma once

#include "calibration/clipping_config.h"
#include "method/method.h"

namespace freeact {

struct WushConfig : RoundingConfig {
  std::string form = "kronecker";
  double damping = 0.01;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("form", form, "kronecker (two factors from the marginal moments) or full (one matrix per site)");
    visit("damping", damping, "added to moments and singular values, as a share of their mean");
    RoundingConfig::fields(visit);
  }
  void check() const;
};

class Wush : public Method {
 public:
  Wush(const WushConfig& config, const MethodContext& context) : config_(config), context_(context) {}
  CalibratedBlock calibrate(const Block& block, const std::vector<BlockBatch>& batches,
                            const DecoderConfig& config) const override;

 private:
  WushConfig config_;
  MethodContext context_;
};

MethodEntry wush_entry();

}  // namespace freeact
