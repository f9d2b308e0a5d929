#include "ops/kronecker.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <optional>

#include "ops/ops.h"
#include "ops/ordered_product.h"
#include "ops/plain_rows.h"
#include "util/error.h"

namespace freeact {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kChunkBytes = 1 << 18;  // of intermediate results that shall stay in the cache

// n rows, each an L x R matrix.
at::Tensor as_matrices(const at::Tensor& x, const at::Tensor& left, const at::Tensor& right) {
  return x.reshape({-1, left.size(0), right.size(0)});
}

// x_n right for every matrix x_n: one product.
at::Tensor times_right(const at::Tensor& x_NLR, const at::Tensor& right) {
  return at::mm(x_NLR.flatten(0, 1), right).view(x_NLR.sizes());
}

// left x_n for every matrix x_n.
at::Tensor times_left(const at::Tensor& left, const at::Tensor& x_NLR) {
  return at::bmm(left.expand({x_NLR.size(0), -1, -1}), x_NLR);
}

// Calls fn(first row, rows) for stretches of rows of which each needs so many bytes.
template <typename Fn>
void for_chunks(int64_t rows, int64_t bytes_per_row, const Fn& fn) {
  const int64_t step = std::max<int64_t>(1, kChunkBytes / bytes_per_row);
  for (int64_t begin = 0; begin < rows; begin += step) fn(begin, std::min(step, rows - begin));
}

// sum_n a_n b_n^T: [L, L].
at::Tensor sum_of_outer_products(const at::Tensor& a_NLR, const at::Tensor& b_NLR) {
  const int64_t size = a_NLR.size(1);
  at::Tensor sum = at::zeros({size, size}, a_NLR.options());
  for_chunks(a_NLR.size(0), size * size * a_NLR.element_size(), [&](int64_t begin, int64_t rows) {
    sum += at::bmm(a_NLR.narrow(0, begin, rows), b_NLR.narrow(0, begin, rows).transpose(1, 2)).sum(0);
  });
  return sum;
}

// sum_n a_n * b_n, element by element: [D].
at::Tensor sum_of_products(const at::Tensor& a_ND, const at::Tensor& b_ND) {
  const int64_t width = a_ND.size(1);
  at::Tensor sum = at::zeros({width}, a_ND.options());
  for_chunks(a_ND.size(0), width * a_ND.element_size(), [&](int64_t begin, int64_t rows) {
    sum += (a_ND.narrow(0, begin, rows) * b_ND.narrow(0, begin, rows)).sum(0);
  });
  return sum;
}

// y = left^T ((x * scale) right).
class KroneckerProduct : public torch::autograd::Function<KroneckerProduct> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& left,
                            const at::Tensor& right, const std::optional<at::Tensor>& scale) {
    const at::Tensor scaled_NLR = as_matrices(scale ? x * *scale : x, left, right);
    const at::Tensor half_NLR = times_right(scaled_NLR, right);
    context->save_for_backward({x, left, right, scale.value_or(at::Tensor()), scaled_NLR, half_NLR});
    return times_left(left.t(), half_NLR).view(x.sizes());
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &left = saved[1], &right = saved[2], &scale = saved[3], &scaled_NLR = saved[4];
    const at::Tensor grad_NLR = as_matrices(grads[0].contiguous(), left, right);
    const at::Tensor of_half_NLR = times_left(left, grad_NLR);
    at::Tensor of_x, of_left, of_right, of_scale, of_scaled;
    if (context->needs_input_grad(1)) of_left = sum_of_outer_products(saved[5], grad_NLR);
    if (context->needs_input_grad(2)) of_right = at::mm(scaled_NLR.flatten(0, 1).t(), of_half_NLR.flatten(0, 1));
    const bool scales = scale.defined() && context->needs_input_grad(3);
    if (context->needs_input_grad(0) || scales) of_scaled = times_right(of_half_NLR, right.t()).view(x.sizes());
    if (scales) of_scale = sum_of_products(x.reshape({-1, x.size(-1)}), of_scaled.view({-1, x.size(-1)}));
    if (context->needs_input_grad(0)) of_x = scale.defined() ? of_scaled * scale : of_scaled;
    return {of_x, of_left, of_right, of_scale};
  }
};

}  // namespace

at::Tensor scaled_kronecker(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& left,
                            const at::Tensor& right) {
  // An undefined tensor cannot be an argument.
  return KroneckerProduct::apply(x, left, right, scale.defined() ? std::optional(scale) : std::nullopt);
}

at::Tensor kronecker_apply(const at::Tensor& x, const at::Tensor& left, const at::Tensor& right) {
  FREEACT_CHECK(left.defined() || right.defined(), "a Kronecker product of two identities has no size");
  if (left.defined() && right.defined()) return scaled_kronecker(x, {}, left, right);
  const int64_t width = x.size(-1);
  const int64_t rows = left.defined() ? left.size(0) : width / right.size(0);
  const at::Tensor grid = x.reshape({-1, rows, width / rows});
  return (left.defined() ? at::matmul(left.t(), grid) : at::matmul(grid, right)).reshape(x.sizes());
}

OrderedKronecker::OrderedKronecker(const at::Tensor& left, const at::Tensor& right) {
  FREEACT_CHECK(left.defined() || right.defined(), "a Kronecker product of two identities has no size");
  for (const at::Tensor& factor : {left, right})
    FREEACT_CHECK(!factor.defined() || (factor.dim() == 2 && factor.size(0) == factor.size(1) && is_plain(factor)),
                  "a Kronecker factor is no square matrix of floats");
  if (left.defined()) left_t_ = left.detach().t().contiguous();
  if (right.defined()) right_factor_ = right.detach().contiguous();
  left_ = left.defined() ? left.size(0) : 1;
  right_ = right.defined() ? right.size(0) : 1;
}

void OrderedKronecker::apply(const float* x, int64_t rows, int64_t width, float* y) const {
  FREEACT_CHECK(fits(width), "factors of sizes {} and {} were applied to width {}", left_, right_, width);
  if (!left_t_.defined()) {
    ordered_product(x, right_factor_.const_data_ptr<float>(), y, rows * (width / right_), right_, right_);
    return;
  }
  // A few rows at a time, so that what lies between the two products stays in the nearest cache.
  constexpr int64_t kFloats = 4096;
  const int64_t step = std::clamp<int64_t>(kFloats / width, 1, std::max<int64_t>(1, rows)), columns = width / left_;
  const bool both = right_factor_.defined();
  Scratch scratch(both ? step * width : 0);
  for (int64_t begin = 0; begin < rows; begin += step) {
    const int64_t count = std::min(step, rows - begin);
    const float* half = x + begin * width;
    if (both) {
      ordered_product(half, right_factor_.const_data_ptr<float>(), scratch.data(), count * left_, right_, right_);
      half = scratch.data();
    }
    for (int64_t row = 0; row < count; ++row)
      ordered_product(left_t_.const_data_ptr<float>(), half + row * width, y + (begin + row) * width, left_, columns,
                      left_);
  }
}

at::Tensor kronecker_apply_naive(const at::Tensor& x, const at::Tensor& left, const at::Tensor& right) {
  return at::matmul(x, at::kron(left, right));
}

}  // namespace freeact
