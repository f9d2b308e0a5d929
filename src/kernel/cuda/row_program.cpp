#include "kernel/cuda/row_program.h"

#include <algorithm>

namespace freeact::cuda {
namespace {

constexpr int kTurnFloats = 8192;  // keep the threads of a block busy with one tile each
constexpr int kBlocksPerProcessor = 2;
constexpr int kFloat = static_cast<int>(sizeof(float));

int matrix_bytes(const Step& step) {
  return step.order * matrix_stride(step.order) * kFloat;
}

// A product writes where it does not read.
int copies(const RowProgram& program) {
  return program.has_products() ? 2 : 1;
}

int64_t rows_bytes(const RowProgram& program, int tokens, int width) {
  return static_cast<int64_t>(copies(program)) * turn_floats(tokens, width) * kFloat;
}

// As many as fill the threads, but no more than leave every multiprocessor something to do.
int tokens_of_turn(int64_t rows, int width, const DeviceLimits& limits) {
  const int64_t full = std::max(1, kTurnFloats / width);
  const int64_t shared_out =
      std::max<int64_t>(1, rows / (static_cast<int64_t>(limits.multiprocessors) * kBlocksPerProcessor));
  return static_cast<int>(std::min(full, shared_out));
}

}  // namespace

bool RowProgram::add(const Step& step) {
  if (count == kMostSteps) return false;
  steps[count++] = step;
  return true;
}

bool RowProgram::has_products() const {
  return std::any_of(steps, steps + count, [](const Step& s) { return s.kind == Step::Kind::kProduct; });
}

RowPlan plan_rows(const RowProgram& program, int64_t rows, int width, const DeviceLimits& limits) {
  RowPlan plan;
  plan.tokens = tokens_of_turn(rows, width, limits);
  while (plan.tokens > 1 && rows_bytes(program, plan.tokens, width) > limits.shared_bytes) --plan.tokens;
  plan.rows_in_shared = rows_bytes(program, plan.tokens, width) <= limits.shared_bytes;
  if (plan.rows_in_shared) plan.shared_bytes = static_cast<int>(rows_bytes(program, plan.tokens, width));
  for (int i = 0; i < program.count; ++i) {
    const Step& step = program.steps[i];
    if (step.kind != Step::Kind::kProduct || plan.shared_bytes + matrix_bytes(step) > limits.shared_bytes) continue;
    plan.matrix_in_shared[i] = true;
    plan.shared_bytes += matrix_bytes(step);
  }
  const int64_t turns = (rows + plan.tokens - 1) / plan.tokens;
  const int64_t resident = static_cast<int64_t>(limits.multiprocessors) * kBlocksPerProcessor;
  plan.blocks = static_cast<int>(std::clamp<int64_t>(turns, 1, resident));
  if (!plan.rows_in_shared)
    plan.scratch_bytes =
        static_cast<size_t>(plan.blocks) * static_cast<size_t>(rows_bytes(program, plan.tokens, width));
  return plan;
}

}  // namespace freeact::cuda
