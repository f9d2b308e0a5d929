#include "ops/plain_ops.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include "ops/plain_rows.h"

namespace freeact {
namespace {

// One head of one token: half = K / 2.
void rotate(const float* x, const float* cosine, const float* sine, int64_t half, float* y) {
  for (int64_t i = 0; i < half; ++i) y[i] = x[i] * cosine[i] - x[i + half] * sine[i];
  for (int64_t i = half; i < 2 * half; ++i) y[i] = x[i] * cosine[i] + x[i - half] * sine[i];
}

const float* head_of(const at::Tensor& x_BHTK, int64_t b, int64_t h, int64_t t) {
  return x_BHTK.const_data_ptr<float>() + b * x_BHTK.stride(0) + h * x_BHTK.stride(1) + t * x_BHTK.stride(2);
}

}  // namespace

bool can_rotate_plain(const at::Tensor& x_BHTK, const RopeTable& table) {
  const auto has_plain_heads = [](const at::Tensor& x) { return is_plain(x) && x.stride(-1) == 1; };
  return has_plain_heads(x_BHTK) && has_plain_heads(table.cos) && has_plain_heads(table.sin) &&
         x_BHTK.size(-1) % 2 == 0;
}

at::Tensor rotate_plain(const at::Tensor& x_BHTK, const RopeTable& table) {
  const int64_t batch = x_BHTK.size(0), heads = x_BHTK.size(1), tokens = x_BHTK.size(2), width = x_BHTK.size(3);
  const at::Tensor cosine = table.cos.expand({batch, 1, tokens, width}),
                   sine = table.sin.expand({batch, 1, tokens, width});
  at::Tensor y = at::empty({batch, tokens, heads, width}, x_BHTK.options()).transpose(1, 2);
  auto* to = y.mutable_data_ptr<float>();
  at::parallel_for(0, batch * tokens, rows_of_a_task(heads * width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t b = row / tokens, t = row % tokens;
      for (int64_t h = 0; h < heads; ++h)
        rotate(head_of(x_BHTK, b, h, t), head_of(cosine, b, 0, t), head_of(sine, b, 0, t), width / 2,
               to + (row * heads + h) * width);
    }
  });
  return y;
}

at::Tensor scale_rows(const at::Tensor& x, const at::Tensor& factors, const at::Tensor& weight) {
  const at::Tensor from = x.contiguous(), of_rows = factors.contiguous(), of_columns = weight.contiguous();
  at::Tensor y = at::empty_like(from);
  const int64_t width = of_columns.numel();
  const auto *x_data = from.const_data_ptr<float>(), *row_factor = of_rows.const_data_ptr<float>(),
             *column_factor = of_columns.const_data_ptr<float>();
  auto* y_data = y.mutable_data_ptr<float>();
  at::parallel_for(0, of_rows.numel(), rows_of_a_task(width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      for (int64_t i = 0; i < width; ++i)
        y_data[row * width + i] = x_data[row * width + i] * row_factor[row] * column_factor[i];
  });
  return y;
}

}  // namespace freeact
