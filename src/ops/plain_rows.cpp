#include "ops/plain_rows.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace freeact {

bool is_plain(const at::Tensor& x) {
  return x.scalar_type() == at::kFloat && x.device().is_cpu() && x.layout() == at::kStrided &&
         !(x.requires_grad() && at::GradMode::is_enabled());
}

int64_t rows_of_a_task(int64_t width) {
  return std::max<int64_t>(1, at::internal::GRAIN_SIZE / std::max<int64_t>(1, width));
}

at::Tensor map_rows(const at::Tensor& x, const RowFunction& fn) {
  const at::Tensor from = x.detach().contiguous();
  at::Tensor y = at::empty_like(from);
  if (from.numel() == 0) return y;
  const int64_t width = from.size(-1), rows = from.numel() / width;
  const auto* x_data = from.const_data_ptr<float>();
  auto* y_data = y.mutable_data_ptr<float>();
  at::parallel_for(0, rows, rows_of_a_task(width), [&](int64_t begin, int64_t end) {
    fn(x_data + begin * width, end - begin, y_data + begin * width);
  });
  return y;
}

}  // namespace freeact
