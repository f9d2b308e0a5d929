#include "calibration/row_spaces.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "calibration/site_maxima.h"

namespace freeact {
namespace {

// Sums in float64, or what weak directions hold would drown in the roundings of strong ones; eigenvectors in float32,
// which takes a third of the time.
Spectrum spectrum_of(const at::Tensor& rows) {
  Spectrum s;
  const at::Tensor wide = rows.to(at::kDouble);
  s.moment_DD = at::mm(wide.t(), wide);
  const auto [energies, vectors] = at::linalg_eigh(s.moment_DD.to(at::kFloat));
  s.energies_D = energies.to(at::kDouble).clamp_min(0).flip(0);
  s.directions_DD = vectors.flip(1);
  return s;
}

// U^T M U.
at::Tensor inside(const at::Tensor& moment_DD, const at::Tensor& directions_DR) {
  const at::Tensor wide = directions_DR.to(at::kDouble);
  return at::mm(wide.t(), at::mm(moment_DD, wide));
}

int64_t exclusive_dims(int64_t width) {
  return std::max<int64_t>(1, std::llround(kExclusiveShare * static_cast<double>(width)));
}

double degrees(double cosine_squared) {
  return std::acos(std::sqrt(std::clamp(cosine_squared, 0.0, 1.0))) * 180 / std::numbers::pi;
}

TypeOverlap overlap_of(const SiteTokens& tokens, int64_t type, int64_t other,
                       const std::map<int64_t, Spectrum>& spectra, const Spectrum& weights) {
  TypeOverlap o{.layer = tokens.layer,
                .site = tokens.site,
                .token_type = type,
                .other_type = other,
                .width = tokens.x_ND.size(1),
                .subspaces = overlap(spectra.at(type), spectra.at(other))};
  o.own_energy = energy_share(spectra.at(type), o.subspaces.exclusive_DR);
  o.other_energy = energy_share(spectra.at(other), o.subspaces.exclusive_DR);
  o.other_output = output_share(spectra.at(other), weights, o.subspaces.exclusive_DR);
  return o;
}

TypeSolutions solutions_of(const SiteTokens& tokens, int64_t type, const Spectrum& own, const Spectrum& weights) {
  const int64_t width = tokens.x_ND.size(1), weakest = exclusive_dims(width);
  const at::Tensor least_used = own.directions_DD.slice(1, width - weakest);
  return {.layer = tokens.layer,
          .site = tokens.site,
          .token_type = type,
          .tokens = (tokens.types_N == type).sum().item<int64_t>(),
          .width = width,
          .activation_rank = own.dims(1 - kRankTolerance),
          .weight_rank = weights.dims(1 - kRankTolerance),
          .weakest_dims = weakest,
          .weakest_energy = energy_share(own, least_used),
          .weakest_output = output_share(own, weights, least_used),
          .unread_output = output_share(own, weights, weights.directions_DD.slice(1, width - weakest))};
}

}  // namespace

bool has_row_spaces(int64_t layer, int64_t num_layers) {
  if (num_layers <= kMaxRowSpaceLayers) return true;
  const double step = static_cast<double>(num_layers - 1) / (kMaxRowSpaceLayers - 1);
  return std::llround(std::round(static_cast<double>(layer) / step) * step) == layer;
}

int64_t Spectrum::dims(double share) const {
  const at::Tensor held_D = energies_D.cumsum(0) / energies_D.sum();
  return std::min(1 + (held_D < share).sum().item<int64_t>(), energies_D.size(0));
}

Spectrum token_spectrum(const at::Tensor& x_ND) {
  return spectrum_of(spectrum_tokens(x_ND));
}

Spectrum weight_spectrum(const at::Tensor& weight_OD) {
  return spectrum_of(weight_OD);
}

double output_share(const Spectrum& tokens, const Spectrum& weights, const at::Tensor& directions_DR) {
  // ||x U U^T W^T||^2 = tr(U^T x^T x U . U^T W^T W U); both factors are symmetric.
  const at::Tensor removed = inside(tokens.moment_DD, directions_DR) * inside(weights.moment_DD, directions_DR);
  const double all = (tokens.moment_DD * weights.moment_DD).sum().item<double>();
  return std::max(0.0, removed.sum().item<double>()) / all;
}

double energy_share(const Spectrum& tokens, const at::Tensor& directions_DR) {
  return inside(tokens.moment_DD, directions_DR).trace().item<double>() / tokens.moment_DD.trace().item<double>();
}

SubspaceOverlap overlap(const Spectrum& own, const Spectrum& other) {
  SubspaceOverlap o;
  o.dims = own.dims(kDominatingEnergy);
  o.other_dims = other.dims(kDominatingEnergy);
  const at::Tensor basis_DK = own.directions_DD.slice(1, 0, o.dims).to(at::kDouble);
  const at::Tensor products = at::mm(basis_DK.t(), other.directions_DD.slice(1, 0, o.other_dims).to(at::kDouble));
  // Eigenvalues: squared cosines, rising; where the other subspace is smaller, the first ones are zeros of no angle.
  const auto [squares, vectors] = at::linalg_eigh(at::mm(products, products.t()));
  const at::Tensor cosines_squared = squares.slice(0, std::max<int64_t>(0, o.dims - o.other_dims)).clamp(0, 1);
  const double bound = std::pow(std::cos(kSharedAngle * std::numbers::pi / 180), 2);
  o.shared_dims = (cosines_squared > bound).sum().item<int64_t>();
  o.mean_cosine_squared = cosines_squared.mean().item<double>();
  o.largest_angle = degrees(cosines_squared.min().item<double>());
  const int64_t exclusive = std::min(exclusive_dims(own.directions_DD.size(0)), o.dims);
  o.exclusive_DR = at::mm(basis_DK, vectors.slice(1, 0, exclusive)).to(at::kFloat);
  return o;
}

RowSpaces measure_row_spaces(const SiteTokens& tokens) {
  const at::NoGradGuard no_grad;
  RowSpaces spaces;
  if (tokens.x_ND.size(1) > kMaxRowSpaceWidth) return spaces;
  std::map<int64_t, Spectrum> spectra;
  for (int64_t type = 0; type < tokens.num_types; ++type)
    if (const at::Tensor chosen = tokens.of_type(type); chosen.size(0) > 0) spectra[type] = token_spectrum(chosen);
  const Spectrum weights = weight_spectrum(stacked_weights(*tokens.linears));
  for (const auto& [type, own] : spectra) {
    spaces.solutions.push_back(solutions_of(tokens, type, own, weights));
    for (const auto& [other, its] : spectra)
      if (other != type) spaces.overlaps.push_back(overlap_of(tokens, type, other, spectra, weights));
  }
  return spaces;
}

}  // namespace freeact
