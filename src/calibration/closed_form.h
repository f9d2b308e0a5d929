// The closed form of WUSH (arXiv 2512.00956): from the second moments of a site's inputs and of its weights, a pair of
// matrices that gives both sides the same spectrum and spreads it by a rotation. All in float64. Letters: D width of a
// site, viewed as a grid [L, R] with D = L R.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace freeact {

// x A and W B with A B^T = I, hence x A (W B)^T = x W^T. [D, D].
struct BalancedPair {
  at::Tensor activation, weight;  // A, B
};

// With moment C = L L^T of the inputs, gram G = W^T W and L^T G L = V S^2 V^T:
// A = L^-T V S^(1/2) R, B = L V S^(-1/2) R, R [D, D] orthogonal, so that A^T C A = B^T G B = R^T S R.
// moment, gram: symmetric and positive semidefinite. damping, a share of their mean, is added to the diagonals of both
// and to S: singular ones do no harm.
BalancedPair balance(const at::Tensor& moment_DD, const at::Tensor& gram_DD, double damping,
                     const at::Tensor& rotation_DD);

// Sums of M M^T and of M^T M over rows M [L, R]: what one side of a site looks like along the axes of its grid.
struct GridMoments {
  at::Tensor left_LL, right_RR;  // undefined: no rows yet

  static GridMoments of(const at::Tensor& rows_nD, int64_t left);  // rows [n, L * R]
  void add(const GridMoments& other);
};

// kron(left, right), each factor balanced on its own between the marginal moments of both sides, and spread by a random
// Hadamard matrix, or a random rotation where its order has none.
struct BalancedFactors {
  BalancedPair left, right;
};
BalancedFactors balanced_factors(const GridMoments& inputs, const GridMoments& weights, double damping, uint64_t seed);

}  // namespace freeact
