// Choosing the exclusive directions of a token type instead of learning them (extensions beyond the paper). All in
// float64. Letters: D width, O outputs, r rank.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "quant/quantiser.h"

namespace freeact {

// Orthonormal [U0 [D, r0] | U1 [D, r1]] with the least energy that the other type loses:
// tr(U0^T C1 U0) + tr(U1^T C0 U1). lower_bound: the sum of the smallest eigenvalues of C1 and C0, reached only when the
// two subspaces happen to be orthogonal.
struct TwoBlockBases {
  at::Tensor u0, u1;
  at::Tensor objective, lower_bound;  // scalars
};
// c0, c1 [D, D]: second moments of the types. Starts from the generalised eigenvectors of the pair, then repeats the
// polar factor of (lambda I - C) U, which never raises the objective.
TwoBlockBases two_block_bases(const at::Tensor& c0, const at::Tensor& c1, int64_t r0, int64_t r1,
                              int iterations = 2000);

inline constexpr double kDirectionsRidge = 1e-3;  // where a site's directions are chosen

// The directions with the most activation energy per energy the weights read: top generalised eigenvectors of
// (moment, W^T W + ridge mean(diag) I). Solved once for all ranks, at about 10 D^3 operations.
class WeightAwareDirections {
 public:
  WeightAwareDirections(const at::Tensor& moment_DD, const at::Tensor& weight_OD, double ridge);
  // Orthonormal, of the best r: U [D, r]. Removing them, x -> x - x U U^T, costs tr(U^T C U U^T W^T W U).
  at::Tensor basis(int64_t rank) const;

 private:
  at::Tensor vectors_DD_;  // ascending, not orthonormal
};
// The same for one rank.
at::Tensor weight_aware_basis(const at::Tensor& moment_DD, const at::Tensor& weight_OD, int64_t rank, double ridge);

// The rank with the smallest measured output error ||Q((x - x U U^T) R) (W R)^T - x W^T||^2 / ||x W^T||^2; ties go to
// the earlier candidate, so 0 always competes when it is listed first. basis_of is called for ranks above 0 only.
struct RankChoice {
  int64_t rank = 0;
  std::vector<double> errors;  // per candidate
};
RankChoice choose_rank(const at::Tensor& x_TD, const at::Tensor& weight_OD, const at::Tensor& rotation_DD,
                       const std::vector<int64_t>& candidates, const Grid& grid,
                       const std::function<at::Tensor(int64_t rank)>& basis_of);

}  // namespace freeact
