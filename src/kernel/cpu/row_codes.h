// The range of a row and its codes, by instruction set. Files of instruction sets are built with flags of their own, so
// that nothing but plain arrays may cross.
#pragma once

#include <cstdint>

namespace freeact {

struct RowRange {
  float low, high;  // widened to hold 0
  bool finite;      // no element is infinite or NaN; else the ends mean nothing
};

// code = clamp(round half to even (x / scale) + zero, lowest, highest) - shift, which fits int8.
struct RowGrid {
  float scale, zero, lowest, highest;
  int32_t shift;
};

struct RowKernels {
  RowRange (*range)(const float* x, int64_t n);
  // Writes the codes [n] of a finite x; returns their sum. The same bits from every instruction set.
  int32_t (*codes)(const float* x, int64_t n, const RowGrid& grid, int8_t* codes);
};

RowKernels row_kernels_portable();
RowKernels row_kernels_avx2();
RowKernels row_kernels_avx512();
// Those of the instruction set in use (util/instruction_set.h).
RowKernels row_kernels();

}  // namespace freeact
