#include "method/freeact/adaptive.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "calibration/site_maxima.h"
#include "method/freeact/exclusive_bases.h"
#include "util/error.h"

namespace freeact {
namespace {

double seen(const TokenStatistics& statistics, int64_t type) {
  return statistics.count()[type].item<double>();
}

int64_t num_types(const TokenStatistics& statistics) {
  return statistics.count().size(0);
}

// [1, D], of all tokens.
at::Tensor mean_of_all(const TokenStatistics& statistics) {
  const at::Tensor share_N = statistics.count() / statistics.count().sum();
  return at::matmul(share_N.unsqueeze(0), statistics.mean());
}

at::Tensor top_eigenvectors(const at::Tensor& moment_DD, int64_t rank) {
  return std::get<1>(at::linalg_eigh(moment_DD)).slice(1, moment_DD.size(0) - rank);  // eigenvalues ascend
}

// M [D, D], by which z M z^T is about the squared error that the integers make of z: dW^T dW of the rounded weights
// and, on the diagonal, that of the activation's rounding. Its step is that of a normal distribution's largest of D
// magnitudes, sqrt(2 ln 2D) of the root mean square, so that it grows with the energy of z.
at::Tensor error_metric(const at::Tensor& weight_OD, const QuantisedSite::Parts& parts) {
  std::vector<at::Tensor> rounded;
  for (const QuantisedLinear& linear : parts.linears) rounded.push_back(linear.weight());
  const at::Tensor rounded_OD = at::cat(rounded).to(at::kDouble), off_OD = weight_OD.to(at::kDouble) - rounded_OD;
  const auto width = static_cast<double>(weight_OD.size(1));
  const double levels = parts.activation_grid.is_float() ? 1e6 : parts.activation_grid.highest();
  const double noise = 2 * std::log(2 * width) / (12 * levels * levels);
  const double of_activation = noise * rounded_OD.square().sum().item<double>() / width;
  return at::matmul(off_OD.t(), off_OD) + of_activation * at::eye(weight_OD.size(1), off_OD.options());
}

at::Tensor rows_of(const TypeBranch& branch, int64_t type) {
  return (branch.owner_R == type).nonzero().flatten();
}

}  // namespace

AdaptiveSite::AdaptiveSite(std::shared_ptr<const QuantisedSite> site, std::vector<Linear> linears,
                           std::shared_ptr<const TokenStatistics> statistics, BranchDirections directions)
    : site_(std::move(site)),
      linears_(std::move(linears)),
      statistics_(std::move(statistics)),
      directions_(directions),
      then_(static_cast<size_t>(num_types(*statistics_))) {
  if (const at::Tensor& mean_ND = site_->parts().mean_ND; mean_ND.defined()) {
    FREEACT_CHECK(mean_ND.size(0) == num_types(*statistics_), "means and statistics are of different token types");
    shared_mean_ = at::equal(mean_ND, mean_ND.slice(0, 0, 1).expand_as(mean_ND));
  }
  for (int64_t type = 0; type < num_types(*statistics_); ++type) remember(type);
}

void AdaptiveSite::remember(int64_t type) {
  if (seen(*statistics_, type) == 0) return;
  then_[static_cast<size_t>(type)] = {statistics_->second_moment(type), statistics_->mean()[type].clone()};
}

Drift AdaptiveSite::drift(int64_t type) const {
  const State& then = then_[static_cast<size_t>(type)];
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  if (!then.moment_DD.defined()) return {kUnknown, kUnknown};
  const auto norm = [](const at::Tensor& x) { return x.norm().item<double>(); };
  const double moved = norm(statistics_->mean()[type] - then.mean_D);
  return {norm(statistics_->second_moment(type) - then.moment_DD) / norm(then.moment_DD),
          moved * moved / then.moment_DD.trace().item<double>()};
}

void AdaptiveSite::refresh_means() {
  if (!has_means()) return;
  QuantisedSite::Parts parts = site_->parts();
  at::Tensor mean_ND = parts.mean_ND.clone();
  if (shared_mean_ && statistics_->count().sum().item<double>() > 0)
    mean_ND.copy_(mean_of_all(*statistics_).expand_as(mean_ND));
  for (int64_t type = 0; !shared_mean_ && type < num_types(*statistics_); ++type)
    if (seen(*statistics_, type) > 0) mean_ND[type].copy_(statistics_->mean()[type]);
  parts.mean_ND = mean_ND;
  for (size_t i = 0; i < linears_.size(); ++i) parts.mean_bias_NO[i] = at::matmul(mean_ND, linears_[i].weight.t());
  site_ = std::make_shared<QuantisedSite>(std::move(parts));
}

int64_t AdaptiveSite::refresh_directions(double threshold) {
  if (!has_directions()) return 0;
  int64_t refreshed = 0;
  for (int64_t type = 0; type < num_types(*statistics_); ++type) {
    if (rows_of(site_->parts().branch, type).numel() == 0 || !(drift(type).moment > threshold)) continue;
    choose_directions(type);
    remember(type);
    ++refreshed;
  }
  return refreshed;
}

// The quantiser sees z = x T: with directions chosen there, x - (x T read) write T^-1 takes them out of x.
void AdaptiveSite::choose_directions(int64_t type) {
  QuantisedSite::Parts parts = site_->parts();
  TypeBranch& branch = parts.branch;
  const at::Tensor rows = rows_of(branch, type);
  const at::Tensor identity = at::eye(linears_[0].weight.size(1), linears_[0].weight.options()).unsqueeze(0);
  const at::Tensor types = at::full({1, identity.size(1)}, type, identity.options().dtype(at::kLong));
  const at::Tensor t = apply_activation(parts.transforms, identity, types)[0].to(at::kDouble);
  const at::Tensor inverse = apply_weight(parts.transforms, identity[0]).t().to(at::kDouble);
  const at::Tensor moment_DD = statistics_->shrunk_moment(type, parts.mean_ND);
  const Directions found = best_directions(at::matmul(t.t(), at::matmul(moment_DD, t)), rows.numel());
  const at::Tensor write_RD = at::matmul(found.write_RD, inverse).to(at::kFloat);
  branch.read_DR = branch.read_DR.index_copy(1, rows, at::matmul(t, found.read_DR).to(at::kFloat));
  branch.write_RD = branch.write_RD.index_copy(0, rows, write_RD);
  for (size_t i = 0; i < branch.products_RO.size(); ++i)
    branch.products_RO[i] = branch.products_RO[i].index_copy(0, rows, at::matmul(write_RD, linears_[i].weight.t()));
  site_ = std::make_shared<QuantisedSite>(std::move(parts));
}

AdaptiveSite::Directions AdaptiveSite::best_directions(const at::Tensor& moment_DD, int64_t rank) const {
  const QuantisedSite::Parts& parts = site_->parts();
  const at::Tensor weight_OD = apply_weight(parts.transforms, stacked_weights(linears_));
  if (!parts.branch.products_RO.empty()) {
    // The rank-R part of z that leaves the least error z M z^T: with M = L L^T, the principal directions of z L.
    const at::Tensor l = at::linalg_cholesky(error_metric(weight_OD, parts));
    const at::Tensor q_DR = top_eigenvectors(at::matmul(l.t(), at::matmul(moment_DD, l)), rank);
    return {at::matmul(l, q_DR), at::linalg_solve_triangular(l, q_DR.t(), /*upper=*/false, /*left=*/false)};
  }
  const at::Tensor basis_DR = directions_ == BranchDirections::kWeightAware
                                  ? weight_aware_basis(moment_DD, weight_OD, rank, kDirectionsRidge)
                                  : top_eigenvectors(moment_DD, rank);
  return {basis_DR, basis_DR.t()};
}

}  // namespace freeact
