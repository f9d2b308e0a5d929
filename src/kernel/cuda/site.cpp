#include "kernel/cuda/site.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "kernel/cuda/linear.h"
#include "kernel/cuda/transform_quantise.h"
#include "kernel/integer_parts.h"
#include "util/error.h"

namespace freeact {
namespace {

using WeightPieces = std::vector<CudaWeight>;

WeightPieces weight_pieces(const QuantisedLinear& linear, int64_t piece, at::Device device) {
  WeightPieces pieces;
  for (int64_t begin = 0; begin < linear.codes.size(1); begin += piece) {
    const int64_t group = begin / group_of(linear);
    const Scale& all = linear.scale;
    pieces.push_back(cuda_weight(linear.codes.narrow(1, begin, piece), all.scale.narrow(1, group, 1),
                                 all.zero.defined() ? all.zero.narrow(1, group, 1) : all.zero, device));
  }
  return pieces;
}

at::Tensor floats_on(const at::Tensor& tensor, at::Device device) {
  return tensor.defined() ? tensor.detach().to(device, at::kFloat).contiguous() : tensor;
}

// What goes around the quantiser, on the device; the weights have their own form.
QuantisedSite::Parts surroundings(const QuantisedSite::Parts& parts, at::Device device) {
  QuantisedSite::Parts moved;
  moved.activation_grid = parts.activation_grid;
  moved.mean_ND = floats_on(parts.mean_ND, device);
  for (const at::Tensor& bias : parts.mean_bias_NO) moved.mean_bias_NO.push_back(floats_on(bias, device));
  moved.branch.read_DR = floats_on(parts.branch.read_DR, device);
  moved.branch.write_RD = floats_on(parts.branch.write_RD, device);
  if (parts.branch.owner_R.defined()) moved.branch.owner_R = parts.branch.owner_R.to(device);
  for (const at::Tensor& product : parts.branch.products_RO)
    moved.branch.products_RO.push_back(floats_on(product, device));
  return moved;
}

class CudaSite : public Site {
 public:
  CudaSite(const QuantisedSite& site, at::Device device)
      : around_(surroundings(site.parts(), device)),
        device_(device),
        width_(site.parts().linears.front().codes.size(1)),
        quantise_(site.parts().transforms, site.parts().activation_grid, width_, piece_of(site.parts()), device) {
    const QuantisedSite::Parts& parts = site.parts();
    for (size_t i = 0; i < parts.linears.size(); ++i) {
      const QuantisedLinear& linear = parts.linears[i];
      if (!site.shares_activation(i)) clips_.push_back(clip_on(linear.activation_clip, device));
      view_of_.push_back(clips_.size() - 1);
      weights_.push_back(weight_pieces(linear, piece_of(parts), device));
      biases_.push_back(floats_on(linear.bias, device));
    }
  }

  std::vector<at::Tensor> forward(const at::Tensor& x_BTD, const at::Tensor& types_BT) const override {
    FREEACT_CHECK(!(x_BTD.requires_grad() && at::GradMode::is_enabled()), "no gradient passes through integers");
    FREEACT_CHECK(x_BTD.device() == device_, "an input on {} came to a site on {}", x_BTD.device().str(),
                  device_.str());
    const at::Tensor types = types_BT.defined() ? types_BT.to(device_) : types_BT;
    const QuantisedSite::Split split = around_.split(adjusted() ? x_BTD.to(at::kFloat) : x_BTD, types);
    const at::Tensor types_M = types.defined() ? types.reshape({-1}) : types;
    const auto views = quantise_(split.x_BTD.reshape({-1, width_}), types_M, clips_);
    std::vector<at::Tensor> outputs;
    for (size_t i = 0; i < weights_.size(); ++i) {
      std::vector<int64_t> sizes = x_BTD.sizes().vec();
      sizes.back() = weights_[i].front().outputs;
      const at::Tensor y = product(i, views[view_of_[i]], x_BTD.scalar_type()).view(sizes);
      outputs.push_back(around_.complete(i, y, split, types).to(x_BTD.device(), x_BTD.scalar_type()));
    }
    return outputs;
  }

 private:
  // Whether more than the transforms and the quantiser acts on inputs or outputs.
  bool adjusted() const { return around_.mean_ND.defined() || !around_.branch.empty(); }

  // [M, O]; in bfloat16 only where nothing is added to it any more.
  at::Tensor product(size_t linear, const CudaPieces& x, at::ScalarType wanted) const {
    const WeightPieces& weight = weights_[linear];
    const bool final = weight.size() == 1 && !adjusted() && wanted == at::kBFloat16;
    at::Tensor y_MO = at::empty({x.front().rows(), weight.front().outputs},
                                x.front().scale_M.options().dtype(final ? at::kBFloat16 : at::kFloat));
    for (size_t i = 0; i < weight.size(); ++i)
      cuda_linear(x[i], weight[i], i == 0 ? biases_[linear] : at::Tensor(), y_MO, /*add=*/i > 0);
    return y_MO;
  }

  QuantisedSite::Parts around_;
  at::Device device_;
  int64_t width_;
  CudaTransformQuantise quantise_;
  std::vector<Clip> clips_;      // one for each view of the activation
  std::vector<size_t> view_of_;  // of each linear
  std::vector<WeightPieces> weights_;
  std::vector<at::Tensor> biases_;
};

at::Device with_index(at::Device device) {
  return device.has_index() ? device : at::Device(device.type(), 0);
}

}  // namespace

std::shared_ptr<const Site> cuda_site(const std::shared_ptr<const QuantisedSite>& site, at::Device device) {
  require_cuda();
  if (!site || site->parts().linears.empty() || !fits_a_byte(site->parts())) return nullptr;
  return std::make_shared<CudaSite>(*site, with_index(device));
}

}  // namespace freeact
