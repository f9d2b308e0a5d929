// Activations as the integer kernels read them. Letters: M tokens, K width, P K rounded up to a multiple of 8.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace freeact {

// Tokens on their grid: value = (code - zero) * scale. Codes are those of quant/quantiser.h, minus 2^(bits-1) on an
// asymmetric grid so that they fit int8; `zero` is shifted alike.
struct QuantisedRows {
  int64_t width = 0;    // K
  at::Tensor codes_MP;  // int8, contiguous; 0 from K on
  at::Tensor scale_M;   // float32
  at::Tensor zero_M;    // int32; undefined on symmetric grids
  at::Tensor sum_M;     // int32, sum of the codes of a row

  int64_t rows() const { return codes_MP.size(0); }
};

inline constexpr int64_t kRowMultiple = 8;
inline int64_t padded_width(int64_t width) {
  return (width + kRowMultiple - 1) / kRowMultiple * kRowMultiple;
}

}  // namespace freeact
