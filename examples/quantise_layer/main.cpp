// Quantises a linear layer to W4A4 twice, by rounding as it is (RTN) and behind a Hadamard transform (QuaRot's), and
// prints how far either lies from the layer in floats. Letters: B batch, T tokens, D input width, O output width.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <freeact/quant/quantised_site.h>

using namespace freeact;

constexpr int64_t kTokens = 128, kWidth = 512, kOutputs = 256;
const Grid kFourBits = {.bits = 4, .symmetric = true};

// What large language models are hard to quantise for: a few channels that are far larger than the others. A token's
// range has to hold them, and the others are left with a handful of its 16 levels.
at::Tensor activations_with_outliers() {
  at::Tensor x_BTD = at::randn({1, kTokens, kWidth});
  x_BTD.narrow(2, 0, 4).mul_(30);
  return x_BTD;
}

// The layer as integers and scales. A transform T acts on the activations, its inverse transpose on the weights, so
// that x T (W T^-T)^T is x W^T until something is rounded.
QuantisedSite quantised(const Linear& layer, const TransformChain& transforms) {
  QuantisedSite::Parts parts;
  parts.transforms = transforms;
  parts.activation_grid = kFourBits;
  parts.linears = {quantise_linear(apply_weight(transforms, layer.weight), layer.bias, kFourBits)};
  return QuantisedSite(std::move(parts));
}

double relative_error(const Site& site, const Linear& layer, const at::Tensor& x_BTD) {
  const at::Tensor types_BT = at::zeros({1, kTokens}, at::kLong);  // one token type
  const at::Tensor exact_BTO = layer(x_BTD);
  const at::Tensor error_BTO = site.forward(x_BTD, types_BT).front() - exact_BTO;
  return error_BTO.norm().item<double>() / exact_BTO.norm().item<double>();
}

int main() {
  at::manual_seed(1);
  const Linear layer = {at::randn({kOutputs, kWidth}), {}};
  const at::Tensor x_BTD = activations_with_outliers();
  const QuantisedSite rtn = quantised(layer, {});
  const QuantisedSite rotated = quantised(layer, {std::make_shared<HadamardTransform>(kWidth)});
  fmt::print("RTN       {:.4f}\n", relative_error(rtn, layer, x_BTD));
  fmt::print("Hadamard  {:.4f}\n", relative_error(rotated, layer, x_BTD));
}
