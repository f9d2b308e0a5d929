// Streaming first and second moments per token type (an extension beyond the paper: calibration without keeping the
// activations). Merging is exact (Chan, Golub, LeVeque 1979), so the split into batches does not matter.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <utility>

namespace freeact {

class TokenStatistics {
 public:
  // decay: the weight of everything seen before is multiplied by it at every batch.
  TokenStatistics(int64_t num_types, int64_t width, std::optional<double> decay = std::nullopt,
                  at::Device device = at::kCPU);

  // x [.., D], types [..] of one batch.
  void add(const at::Tensor& x, const at::Tensor& types);

  // Multiplies the weight of everything seen so far, of all types, by the factor.
  void fade(double factor);

  at::Tensor count() const { return count_N_; }  // [N] float64
  at::Tensor mean() const { return mean_ND_; }   // [N, D]
  at::Tensor covariance(int64_t type) const;     // [D, D], divided by the count
  // About zero: covariance + mean mean^T.
  at::Tensor second_moment(int64_t type) const;
  // About a point of each type [N, D], undefined: zero; mixed with that of all types as far as the type has fewer than
  // 10 D tokens.
  at::Tensor shrunk_moment(int64_t type, const at::Tensor& points_ND = {}) const;

 private:
  void merge(int64_t type, const at::Tensor& rows);
  at::Tensor moment_about(int64_t type, const at::Tensor& points_ND) const;

  std::optional<double> decay_;
  at::Tensor count_N_, mean_ND_, m2_NDD_;
};

// x^T x / tokens in float64: the second moment about zero of rows [tokens, D].
at::Tensor second_moment(const at::Tensor& rows);

// Marginals of a second-moment matrix [L*R, L*R] for a Kronecker transform, x viewed as M [L, R]:
// E[M M^T] / R [L, L] and E[M^T M] / L [R, R].
std::pair<at::Tensor, at::Tensor> kronecker_marginals(const at::Tensor& second_moment, int64_t left, int64_t right);

}  // namespace freeact
