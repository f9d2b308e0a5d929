// Products with Kronecker matrices that never form them. Letters: L, R sizes of the factors, D = L R.
#pragma once

#include <ATen/core/Tensor.h>

namespace freeact {

// (x * scale) kron(left, right) for rows x [.., D]: kronecker_apply (ops/ops.h) behind a scale [D], which may be
// undefined: ones. Differentiable in all four, with the gradient written out: rows stay where they are, while autograd
// would copy them to and from another order, and the factors' gradients are summed as they come.
at::Tensor scaled_kronecker(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& left,
                            const at::Tensor& right);

}  // namespace freeact
