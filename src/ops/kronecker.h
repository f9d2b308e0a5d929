// Products with Kronecker matrices that never form them. Letters: L, R sizes of the factors, D = L R.
#pragma once

#include <ATen/core/Tensor.h>

namespace freeact {

// (x * scale) kron(left, right) for rows x [.., D]: kronecker_apply (ops/ops.h) behind a scale [D], which may be
// undefined: ones. Differentiable in all four, with the gradient written out: rows stay where they are, while autograd
// would copy them to and from another order, and the factors' gradients are summed as they come.
at::Tensor scaled_kronecker(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& left,
                            const at::Tensor& right);

// kronecker_apply on plain float rows, by ordered products (ops/ordered_product.h).
class OrderedKronecker {
 public:
  // Factors plain (ops/plain_rows.h) and square; one of them may be undefined: the identity.
  OrderedKronecker(const at::Tensor& left, const at::Tensor& right);
  // Whether rows of this width can be multiplied.
  bool fits(int64_t width) const { return width % (left_ * right_) == 0 && (width == left_ * right_ || one_sided()); }
  // x, y [rows, width], apart from each other. On the calling thread.
  void apply(const float* x, int64_t rows, int64_t width, float* y) const;

 private:
  bool one_sided() const { return !left_t_.defined() || !right_factor_.defined(); }

  at::Tensor left_t_, right_factor_;  // contiguous
  int64_t left_ = 1, right_ = 1;      // their sizes; 1 without
};

}  // namespace freeact
