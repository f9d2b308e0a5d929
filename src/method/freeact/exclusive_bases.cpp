#include "method/freeact/exclusive_bases.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace freeact {
namespace {

struct Eigen {
  at::Tensor values, vectors;  // ascending
};

Eigen eigen(const at::Tensor& symmetric) {
  auto [values, vectors] = at::linalg_eigh(symmetric);
  return {values, vectors};
}

// Generalised eigenvectors V of (a, b), ascending in v^T a v / v^T b v; not orthonormal.
at::Tensor generalised_eigenvectors(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor inverse = at::inverse(at::linalg_cholesky(b));
  return at::matmul(inverse.t(), eigen(at::matmul(at::matmul(inverse, a), inverse.t())).vectors);
}

at::Tensor orthonormal(const at::Tensor& columns) {
  return std::get<0>(at::linalg_qr(columns));
}

at::Tensor lost_energy(const at::Tensor& u, const at::Tensor& moment) {
  return (u * at::matmul(moment, u)).sum();
}

}  // namespace

TwoBlockBases two_block_bases(const at::Tensor& c0, const at::Tensor& c1, int64_t r0, int64_t r1, int iterations) {
  const int64_t width = c0.size(0);
  const at::Tensor ridge = 1e-6 * (c0.trace() + c1.trace()) / static_cast<double>(width) * at::eye(width, c0.options());
  const at::Tensor v = generalised_eigenvectors(c0 + ridge, c1 + ridge);
  at::Tensor u = orthonormal(at::cat({v.slice(1, width - r0), v.slice(1, 0, r1)}, 1));
  const Eigen e0 = eigen(c0), e1 = eigen(c1);
  const at::Tensor bound = at::maximum(e0.values[-1], e1.values[-1]);
  for (int i = 0; i < iterations; ++i) {
    const at::Tensor u0 = u.slice(1, 0, r0), u1 = u.slice(1, r0);
    const at::Tensor target = at::cat({bound * u0 - at::matmul(c1, u0), bound * u1 - at::matmul(c0, u1)}, 1);
    const auto [left, singular, right_t] = at::linalg_svd(target, /*full_matrices=*/false);
    u = at::matmul(left, right_t);
  }
  TwoBlockBases b{u.slice(1, 0, r0), u.slice(1, r0), {}, {}};
  b.objective = lost_energy(b.u0, c1) + lost_energy(b.u1, c0);
  b.lower_bound = e1.values.slice(0, 0, r0).sum() + e0.values.slice(0, 0, r1).sum();
  return b;
}

WeightAwareDirections::WeightAwareDirections(const at::Tensor& moment_DD, const at::Tensor& weight_OD, double ridge) {
  const at::Tensor w = weight_OD.to(at::kDouble);
  const at::Tensor read = at::matmul(w.t(), w);
  const at::Tensor regular = read + ridge * read.diagonal().mean() * at::eye(read.size(0), read.options());
  vectors_DD_ = generalised_eigenvectors(moment_DD.to(at::kDouble), regular);
}

at::Tensor WeightAwareDirections::basis(int64_t rank) const {
  return orthonormal(vectors_DD_.slice(1, vectors_DD_.size(1) - rank));
}

at::Tensor weight_aware_basis(const at::Tensor& moment_DD, const at::Tensor& weight_OD, int64_t rank, double ridge) {
  return WeightAwareDirections(moment_DD, weight_OD, ridge).basis(rank);
}

RankChoice choose_rank(const at::Tensor& x_TD, const at::Tensor& weight_OD, const at::Tensor& rotation_DD,
                       const std::vector<int64_t>& candidates, const Grid& grid,
                       const std::function<at::Tensor(int64_t rank)>& basis_of) {
  const at::Tensor target = at::matmul(x_TD, weight_OD.t()), rotated_weight = at::matmul(weight_OD, rotation_DD);
  RankChoice choice;
  for (const int64_t rank : candidates) {
    at::Tensor x = x_TD;
    if (rank > 0) {
      const at::Tensor u = basis_of(rank).to(x.scalar_type());
      x = x - at::matmul(at::matmul(x, u), u.t());
    }
    const at::Tensor z = fake_quantise_activation(at::matmul(x, rotation_DD), grid);
    const at::Tensor error = at::matmul(z, rotated_weight.t()) - target;
    choice.errors.push_back((error.square().sum() / target.square().sum()).item<double>());
  }
  const auto best = std::min_element(choice.errors.begin(), choice.errors.end());
  choice.rank = candidates[static_cast<size_t>(best - choice.errors.begin())];
  return choice;
}

}  // namespace freeact
