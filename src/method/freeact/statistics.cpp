#include "method/freeact/statistics.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace freeact {
namespace {

constexpr double kTokensPerDimension = 10;  // that a moment of its own needs

}  // namespace

TokenStatistics::TokenStatistics(int64_t num_types, int64_t width, std::optional<double> decay, at::Device device)
    : decay_(decay),
      count_N_(at::zeros({num_types}, at::TensorOptions(at::kDouble).device(device))),
      mean_ND_(at::zeros({num_types, width}, count_N_.options())),
      m2_NDD_(at::zeros({num_types, width, width}, count_N_.options())) {}

void TokenStatistics::add(const at::Tensor& x, const at::Tensor& types) {
  const at::Tensor rows = x.reshape({-1, x.size(-1)}).to(at::kDouble), flat = types.reshape({-1});
  for (int64_t type = 0; type < count_N_.size(0); ++type)
    if (const at::Tensor own = rows.index({flat == type}); own.size(0) > 0) merge(type, own);
}

void TokenStatistics::merge(int64_t type, const at::Tensor& rows) {
  at::Tensor count = count_N_[type], mean = mean_ND_[type], m2 = m2_NDD_[type];
  if (decay_) {
    count.mul_(*decay_);
    m2.mul_(*decay_);
  }
  const auto batch_count = static_cast<double>(rows.size(0));
  const at::Tensor batch_mean = rows.mean(0), centred = rows - batch_mean, shift = batch_mean - mean;
  const at::Tensor total = count + batch_count;
  m2.add_(at::matmul(centred.t(), centred) + at::outer(shift, shift) * (count * batch_count / total));
  mean.add_(shift * (batch_count / total));
  count.copy_(total);
}

void TokenStatistics::fade(double factor) {
  count_N_.mul_(factor);
  m2_NDD_.mul_(factor);
}

at::Tensor TokenStatistics::covariance(int64_t type) const {
  return m2_NDD_[type] / count_N_[type].clamp_min(1e-12);  // faded counts may lie below 1
}

at::Tensor TokenStatistics::second_moment(int64_t type) const {
  return moment_about(type, {});
}

at::Tensor TokenStatistics::moment_about(int64_t type, const at::Tensor& points_ND) const {
  at::Tensor offset_D = mean_ND_[type];
  if (points_ND.defined()) offset_D = offset_D - points_ND[type];
  return covariance(type) + at::outer(offset_D, offset_D);
}

at::Tensor TokenStatistics::shrunk_moment(int64_t type, const at::Tensor& points_ND) const {
  const at::Tensor own = moment_about(type, points_ND);
  const double wanted = kTokensPerDimension * static_cast<double>(own.size(0)), count = count_N_[type].item<double>();
  if (count >= wanted) return own;
  at::Tensor all = at::zeros_like(own);
  for (int64_t each = 0; each < count_N_.size(0); ++each)
    all += moment_about(each, points_ND) * count_N_[each].item<double>();
  const double sum = count_N_.sum().item<double>();
  return own * (count / wanted) + all / std::max(sum, 1e-12) * (1 - count / wanted);
}

at::Tensor second_moment(const at::Tensor& rows) {
  const at::Tensor wide = rows.to(at::kDouble);
  return at::matmul(wide.t(), wide) / static_cast<double>(rows.size(0));
}

std::pair<at::Tensor, at::Tensor> kronecker_marginals(const at::Tensor& moment, int64_t left, int64_t right) {
  const at::Tensor grid = moment.reshape({left, right, left, right});
  return {grid.diagonal(0, 1, 3).sum(-1) / static_cast<double>(right),
          grid.diagonal(0, 0, 2).sum(-1) / static_cast<double>(left)};
}

}  // namespace freeact
