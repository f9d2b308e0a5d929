#include "method/freeact/statistics.h"

#include <ATen/ATen.h>

namespace freeact {

TokenStatistics::TokenStatistics(int64_t num_types, int64_t width, std::optional<double> decay)
    : decay_(decay),
      count_N_(at::zeros({num_types}, at::kDouble)),
      mean_ND_(at::zeros({num_types, width}, at::kDouble)),
      m2_NDD_(at::zeros({num_types, width, width}, at::kDouble)) {}

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
  return covariance(type) + at::outer(mean_ND_[type], mean_ND_[type]);
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
