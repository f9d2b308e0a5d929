// What happens to a row before it is quantised, as a list of steps that one kernel runs, and how the kernel lays it
// out. Plain C++: planning needs no device.
#pragma once

#include <cstddef>
#include <cstdint>

namespace freeact::cuda {

struct Step {
  enum class Kind {
    kFactor,       // times a number
    kTable,        // times row `type` of a table [count, width]; count 1: the same for all tokens
    kProduct,      // along one axis: the row viewed as [.., order, inner], y_i = sum_k data[k, i] x_k
    kButterflies,  // of a Walsh-Hadamard transform of stretches of `order`: those of strides from `inner` on
  };
  Kind kind = Kind::kFactor;
  const float* data = nullptr;  // device memory; a matrix has rows of matrix_stride(order) floats, the last ones 0
  int count = 1;
  float factor = 1;
  int order = 1, inner = 1;
};

inline constexpr int kMostSteps = 12;
inline constexpr int kStaticSharedBytes = 1 << 10;  // that the kernel needs besides what a plan asks for

struct RowProgram {
  Step steps[kMostSteps];
  int count = 0;

  // False when there is no room for it.
  bool add(const Step& step);
  bool has_products() const;
};

// Floats from one row of a step's matrix to the next: whole tiles of a thread.
constexpr int matrix_stride(int order) {
  return (order + 7) / 8 * 8;
}

struct DeviceLimits {
  int multiprocessors = 1;
  int shared_bytes = 48 << 10;  // that a block may ask for
};

// How the kernel runs a program: blocks take so many tokens at a time.
struct RowPlan {
  int tokens = 1;                          // of a block's turn
  bool rows_in_shared = true;              // else in scratch memory
  bool matrix_in_shared[kMostSteps] = {};  // else read through the cache
  int shared_bytes = 0;
  int blocks = 1;
  size_t scratch_bytes = 0;
};

RowPlan plan_rows(const RowProgram& program, int64_t rows, int width, const DeviceLimits& limits);

// Floats of one copy of a turn's tokens.
constexpr int turn_floats(int tokens, int width) {
  return (tokens * width + 3) / 4 * 4;
}

}  // namespace freeact::cuda
