// From tensors to functions of plain rows and back.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/CPUAllocator.h>

#include <cstdint>
#include <functional>

namespace freeact {

// float32 on the CPU, and no gradient is asked of it.
bool is_plain(const at::Tensor& x);

// How many rows of a width are worth a thread of their own, at least one.
int64_t rows_of_a_task(int64_t width);

// fn(x, number of rows, y) for stretches of the rows of a plain x [.., D], side by side on all threads: y like x,
// contiguous.
using RowFunction = std::function<void(const float* x, int64_t rows, float* y)>;
at::Tensor map_rows(const at::Tensor& x, const RowFunction& fn);

// Room for floats, at the start of a cache line, not cleared.
class Scratch {
 public:
  explicit Scratch(int64_t floats)
      : memory_(c10::GetCPUAllocator()->allocate(static_cast<size_t>(floats) * sizeof(float))) {}
  float* data() { return static_cast<float*>(memory_.get()); }

 private:
  c10::DataPtr memory_;
};

}  // namespace freeact
