#include "kernel/cpu/site.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "kernel/cpu/packed_weight.h"
#include "kernel/cpu/transform_quantise.h"
#include "kernel/integer_parts.h"
#include "util/error.h"

namespace freeact {
namespace {

using PackedPieces = std::vector<PackedWeight>;

// The narrower of the two packings that holds all codes.
int packed_bits(const QuantisedLinear& linear) {
  const bool is_signed = linear.codes.scalar_type() == at::kChar;
  const at::Tensor narrow = linear.codes.clamp(is_signed ? -8 : 0, is_signed ? 7 : 15);
  return at::equal(narrow, linear.codes) ? 4 : 8;
}

PackedPieces pack_pieces(const QuantisedLinear& linear, int64_t piece) {
  const int bits = packed_bits(linear);
  const Scale& all = linear.scale;
  PackedPieces pieces;
  for (int64_t begin = 0; begin < linear.codes.size(1); begin += piece) {
    const int64_t group = begin / group_of(linear);
    const at::Tensor zero = all.zero.defined() ? all.zero.narrow(1, group, 1).contiguous() : all.zero;
    pieces.push_back(pack_weight(linear.codes.narrow(1, begin, piece).contiguous(),
                                 all.scale.narrow(1, group, 1).to(at::kFloat).contiguous(), zero, bits));
  }
  return pieces;
}

class CpuSite : public Site {
 public:
  explicit CpuSite(const QuantisedSite& site)
      : parts_(site.parts()),
        width_(parts_.linears.front().codes.size(1)),
        quantise_(parts_.transforms, parts_.activation_grid, width_, piece_of(parts_)) {
    const int64_t piece = piece_of(parts_);
    for (size_t i = 0; i < parts_.linears.size(); ++i) {
      QuantisedLinear& linear = parts_.linears[i];
      if (!site.shares_activation(i)) clips_.push_back(linear.activation_clip);
      view_of_.push_back(clips_.size() - 1);
      weights_.push_back(pack_pieces(linear, piece));
      biases_.push_back(linear.bias.defined() ? linear.bias.detach().to(at::kFloat).contiguous() : linear.bias);
      linear.codes.reset();  // only their packed form is kept
      linear.scale = {};
    }
  }

  std::vector<at::Tensor> forward(const at::Tensor& x_BTD, const at::Tensor& types_BT) const override {
    FREEACT_CHECK(!(x_BTD.requires_grad() && at::GradMode::is_enabled()), "no gradient passes through integers");
    const QuantisedSite::Split split = parts_.split(x_BTD.to(at::kFloat), types_BT);
    const at::Tensor types_M = types_BT.defined() ? types_BT.reshape({-1}) : types_BT;
    const auto views = quantise_(split.x_BTD.reshape({-1, width_}), types_M, clips_);
    std::vector<at::Tensor> outputs;
    for (size_t i = 0; i < weights_.size(); ++i) {
      std::vector<int64_t> sizes = x_BTD.sizes().vec();
      sizes.back() = weights_[i].front().outputs;
      const at::Tensor y = product(i, views[view_of_[i]]).view(sizes);
      outputs.push_back(parts_.complete(i, y, split, types_BT).to(x_BTD.scalar_type()));
    }
    return outputs;
  }

 private:
  // [M, O]
  at::Tensor product(size_t linear, const QuantisedPieces& x) const {
    const PackedPieces& weight = weights_[linear];
    at::Tensor y_MO = at::empty({x.front().rows(), weight.front().outputs}, at::kFloat);
    for (size_t i = 0; i < weight.size(); ++i)
      integer_linear(x[i], weight[i], i == 0 ? biases_[linear] : at::Tensor(), y_MO, /*add=*/i > 0);
    return y_MO;
  }

  QuantisedSite::Parts parts_;
  int64_t width_;
  TransformQuantise quantise_;
  std::vector<Clip> clips_;      // one for each view of the activation
  std::vector<size_t> view_of_;  // of each linear
  std::vector<PackedPieces> weights_;
  std::vector<at::Tensor> biases_;
};

}  // namespace

std::shared_ptr<const Site> cpu_site(const std::shared_ptr<const QuantisedSite>& site) {
  if (!site || site->parts().linears.empty() || !fits_a_byte(site->parts())) return nullptr;
  return std::make_shared<CpuSite>(*site);
}

}  // namespace freeact
