// Codes of 2 to 8 bits in int32 words, as compressed-tensors' "pack-quantized" has them: 32 / bits codes a word
// (rounded down), the first in the lowest bits, rows padded with 0 to whole words. Letters: R rows, C columns, W words.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "quant/quantiser.h"

namespace freeact {

inline int64_t codes_per_word(int bits) {
  return 32 / bits;
}
inline int64_t words_of(int64_t columns, int bits) {
  return (columns + codes_per_word(bits) - 1) / codes_per_word(bits);
}

// Codes [R, C] of a grid, int8 where it is symmetric and uint8 where not, as words int32 [R, W]. A symmetric code c is
// stored as c + 2^(bits-1). Throws UserError on a code outside of the grid.
at::Tensor pack_codes(const at::Tensor& codes_RC, const Grid& grid);
// The inverse: int8 or uint8 [R, columns].
at::Tensor unpack_codes(const at::Tensor& words_RW, int64_t columns, const Grid& grid);

}  // namespace freeact
