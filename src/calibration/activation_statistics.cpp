#include "calibration/activation_statistics.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

namespace freeact {
namespace {

constexpr double kEnergyShare = 0.99;

// Eigenvalues of x^T x as shares of their sum, falling. x x^T has the same ones but zeros, and is smaller for few
// tokens.
at::Tensor energy_shares(const at::Tensor& x_ND) {
  const at::Tensor gram = x_ND.size(0) < x_ND.size(1) ? at::mm(x_ND, x_ND.t()) : at::mm(x_ND.t(), x_ND);
  const at::Tensor energies = at::linalg_eigvalsh(gram).to(at::kDouble).clamp_min(0).flip(0);
  return energies / energies.sum();
}

void add_spectrum(ActivationShape& shape, const at::Tensor& x_ND) {
  const at::Tensor shares = energy_shares(spectrum_tokens(x_ND));
  const double entropy = -at::special_xlogy(shares, shares).sum().item<double>();
  shape.effective_rank = std::exp(entropy);
  shape.dims_99 = 1 + (shares.cumsum(0) < kEnergyShare).sum().item<int64_t>();
}

void add_mean_share(ActivationShape& shape, const at::Tensor& x_ND) {
  const double energy = x_ND.square().sum(1, false, at::kDouble).mean().item<double>();
  shape.mean_share = x_ND.mean(0, false, at::kDouble).square().sum().item<double>() / energy;
}

void add_outliers(ActivationShape& shape, const at::Tensor& x_ND) {
  const at::Tensor magnitudes = x_ND.abs();
  const at::Tensor channels_D = magnitudes.amax(0);
  shape.absmax = channels_D.max().item<double>();
  shape.channel_ratio = shape.absmax / channels_D.median().item<double>();
  const at::Tensor rms_N = x_ND.square().mean(1).sqrt();
  shape.crest = at::nan_to_num(magnitudes.amax(1) / rms_N, 0.0).max().item<double>();  // a token of zeros has no peak
  const at::Tensor squares = (x_ND.to(at::kDouble) - x_ND.mean(at::kDouble)).square_();
  const double variance = squares.mean().item<double>();
  shape.kurtosis = squares.square_().mean().item<double>() / (variance * variance);
}

}  // namespace

ActivationShape measure_shape(const at::Tensor& x_ND) {
  const at::NoGradGuard no_grad;
  const at::Tensor x = x_ND.to(at::kFloat);
  ActivationShape shape{.tokens = x.size(0), .width = x.size(1)};
  add_spectrum(shape, x);
  add_mean_share(shape, x);
  add_outliers(shape, x);
  return shape;
}

std::vector<SiteShape> measure_shapes(const SiteTokens& tokens) {
  std::vector<SiteShape> shapes;
  for (int64_t type = 0; type < tokens.num_types; ++type)
    if (const at::Tensor chosen = tokens.of_type(type); chosen.size(0) > 0)
      shapes.push_back({tokens.layer, tokens.site, type, measure_shape(chosen)});
  return shapes;
}

std::vector<SiteShape> measure_activations(const Decoder& model, const std::vector<TokenBatch>& data,
                                           const std::function<void(int64_t block, int64_t num_blocks)>& on_block) {
  std::vector<SiteShape> shapes;
  visit_site_tokens(
      model, data,
      [&](const SiteTokens& tokens) {
        const auto own = measure_shapes(tokens);
        shapes.insert(shapes.end(), own.begin(), own.end());
      },
      on_block);
  return shapes;
}

}  // namespace freeact
