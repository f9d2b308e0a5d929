#include "kernel/cpu/row_codes.h"

#include <algorithm>
#include <cmath>

#include "util/instruction_set.h"

namespace freeact {
namespace {

RowRange range(const float* x, int64_t n) {
  RowRange r = {0, 0, true};
  for (int64_t i = 0; i < n; ++i) {
    r.low = std::min(r.low, x[i]);
    r.high = std::max(r.high, x[i]);
    r.finite = r.finite && std::isfinite(x[i]);
  }
  return r;
}

int32_t codes(const float* x, int64_t n, const RowGrid& g, int8_t* out) {
  int32_t sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    const float code = std::clamp(std::nearbyint(x[i] / g.scale) + g.zero, g.lowest, g.highest);
    const int32_t shifted = static_cast<int32_t>(code) - g.shift;
    out[i] = static_cast<int8_t>(shifted);
    sum += shifted;
  }
  return sum;
}

}  // namespace

RowKernels row_kernels_portable() {
  return {range, codes};
}

RowKernels row_kernels() {
#if defined(__x86_64__)
  if (instruction_set() == InstructionSet::kAvx512Vnni) return row_kernels_avx512();
  if (instruction_set() == InstructionSet::kAvx2) return row_kernels_avx2();
#endif
  return row_kernels_portable();
}

}  // namespace freeact
