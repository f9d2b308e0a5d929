#include "calibration/closed_form.h"

#include <ATen/ATen.h>

#include "ops/hadamard.h"
#include "ops/ops.h"
#include "util/random.h"

namespace freeact {
namespace {

// Of the mean 1 along the diagonal: the scale of a moment does not matter.
at::Tensor damped(const at::Tensor& moment_DD, double damping) {
  const at::Tensor mean = moment_DD.diagonal().mean().clamp_min(1e-300);
  return moment_DD / mean + damping * at::eye(moment_DD.size(0), moment_DD.options());
}

// A random Hadamard matrix, or where there is none a random rotation. Drawn and made in host memory.
at::Tensor spreading(int64_t width, uint64_t seed) {
  const at::Tensor draw = gaussian({width}, seed);
  if (hadamard_size_exists(width)) return random_hadamard(at::where(draw < 0, -1.0, 1.0).to(at::kDouble));
  return orthogonal_from_gaussian(gaussian({width, width}, seed));
}

at::Tensor sum_of(const at::Tensor& a, const at::Tensor& b) {
  return a.defined() ? a + b : b;
}

}  // namespace

GridMoments GridMoments::of(const at::Tensor& rows_nD, int64_t left) {
  const at::Tensor grid = rows_nD.to(at::kDouble).unflatten(-1, {left, -1});
  const at::Tensor by_left = grid.transpose(0, 1).flatten(1), by_right = grid.flatten(0, 1);
  return {at::matmul(by_left, by_left.t()), at::matmul(by_right.t(), by_right)};
}

void GridMoments::add(const GridMoments& other) {
  left_LL = sum_of(left_LL, other.left_LL);
  right_RR = sum_of(right_RR, other.right_RR);
}

BalancedPair balance(const at::Tensor& moment_DD, const at::Tensor& gram_DD, double damping,
                     const at::Tensor& rotation_DD) {
  const at::Tensor lower = at::linalg_cholesky(damped(moment_DD, damping));
  const at::Tensor both = at::matmul(lower.t(), at::matmul(damped(gram_DD, damping), lower));
  const auto [squares, vectors] = at::linalg_eigh(both);
  at::Tensor singular = squares.clamp_min(0).sqrt();
  singular = singular + damping * singular.mean();
  const at::Tensor spread = at::matmul(vectors / singular.sqrt(), rotation_DD);    // V S^(-1/2) R
  const at::Tensor gathered = at::matmul(vectors * singular.sqrt(), rotation_DD);  // V S^(1/2) R
  return {at::linalg_solve_triangular(lower.t(), gathered, /*upper=*/true), at::matmul(lower, spread)};
}

BalancedFactors balanced_factors(const GridMoments& inputs, const GridMoments& weights, double damping, uint64_t seed) {
  const int64_t left = inputs.left_LL.size(0), right = inputs.right_RR.size(0);
  const auto spread = [&](int64_t width, const char* side) {
    return spreading(width, derive_seed(seed, side)).to(inputs.left_LL.device());
  };
  return {balance(inputs.left_LL, weights.left_LL, damping, spread(left, "left")),
          balance(inputs.right_RR, weights.right_RR, damping, spread(right, "right"))};
}

}  // namespace freeact
