// Proposition 1 of FreeAct: which matrices may stand between activations and weights.
#pragma once

#include <ATen/core/Tensor.h>

namespace freeact {

// All solutions M of X M W^T = X W^T are M = Z - P_X (Z - I) P_W for some Z (Penrose 1955), with the orthogonal
// projectors P_X, P_W [D, D] on the row spaces of X and W. More than {I} as soon as X or W is rank deficient.
struct PenroseSolution {
  at::Tensor project_x, project_w, solution;
};

// x [tokens, D], w [O, D], z [D, D], float64.
PenroseSolution penrose_solution(const at::Tensor& x, const at::Tensor& w, const at::Tensor& z);

}  // namespace freeact
