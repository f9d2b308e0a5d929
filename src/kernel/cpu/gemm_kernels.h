// Integer products of a panel of outputs, by instruction set. Files named for an instruction set are built with flags
// of their own, so that nothing but plain arrays may cross here.
//
// Layout of packed weights. A panel is 64 outputs over the whole padded width P (a multiple of 8), contiguous; panels
// follow each other, the last one filled up with codes 0. A group is 4 neighbouring inputs.
//   8 bits: [P / 4 groups][64 outputs][4 inputs], a code a byte.
//   4 bits: [P / 8 pairs of groups][64 outputs][4 inputs], the first group's codes in the low nibbles, the second
//           group's in the high ones.
// So a register of 64 bytes holds the 4 inputs of 16 outputs that one dot-product instruction takes, and the nibbles
// become such registers by a mask and a shift.
#pragma once

#include <cstdint>

namespace freeact {

inline constexpr int64_t kPanel = 64;        // outputs
inline constexpr int64_t kGroup = 4;         // inputs
inline constexpr int64_t kBlockWidth = 256;  // inputs whose unpacked codes, 16 KiB, stay in the first cache
inline constexpr int64_t kBlockBytes = kBlockWidth * kPanel;

// sums [rows, 64] += codes [rows, P] times the panel, exact as long as the sums fit 32 bits.
struct PanelProduct {
  const int8_t* codes;  // rows row_stride bytes apart
  int64_t rows, row_stride;
  const uint8_t* panel;
  int64_t width;      // P
  int32_t* sums;      // 64-byte aligned
  uint8_t* unpacked;  // scratch of kBlockBytes, 64-byte aligned
  // Where finishing writes [rows, 64] values of 4 bytes, stride apart: fetched while the last products are made.
  const char* results;
  int64_t results_stride;  // bytes
};

// y [rows, outputs <= 64], stride apart = (scale_m scale_o) * t + bias_o with one rounding of the last two steps (FMA),
// where t, rounded to float, is the exact integer
//   sum_k (u - offset) (c - zero) = sums - offset_o sum_m - zero_m centred_o.
// Per-output arrays have 64 elements.
struct PanelFinish {
  const int32_t* sums;  // [rows, 64]
  int64_t rows;
  const float* scale_m;
  const int32_t* sum_m;
  const int32_t* zero_m;  // null: 0
  int64_t wide_zero;      // zeros beyond it in magnitude need t in 64 bits
  const float* scale_o;
  const int32_t* offset_o;
  const int32_t* centred_o;  // sum over K of (u - offset)
  const float* bias_o;
  float* y;
  int64_t stride, outputs;
  bool add;  // to y instead of writing it
};

struct GemmKernels {
  void (*products_4bit)(const PanelProduct&);
  void (*products_8bit)(const PanelProduct&);
  void (*finish)(const PanelFinish&);
};

GemmKernels gemm_portable();
GemmKernels gemm_avx2();
GemmKernels gemm_avx512();

}  // namespace freeact
