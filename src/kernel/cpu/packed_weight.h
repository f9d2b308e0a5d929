// Integer weights of a linear in the order in which the CPU kernels read them, and products with them. Letters: M
// tokens, K input width, O outputs.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "kernel/cpu/quantised_rows.h"

namespace freeact {

// Weights are held unsigned: value = (code - offset) * scale, so that 4-bit codes unpack by a mask and a shift and no
// sign has to be extended. One range per output.
struct PackedWeight {
  int64_t outputs = 0, width = 0;
  int bits = 4;           // 4: two codes a byte; 8: one
  at::Tensor bytes;       // uint8, 64-byte aligned; layout: kernel/cpu/gemm_kernels.h
  at::Tensor scale_O;     // float32
  at::Tensor offset_O;    // int32: 2^(bits-1) on a symmetric grid, else the zero point
  at::Tensor code_sum_O;  // int32, sum of an output's unsigned codes: what an activation's zero point costs
};

// codes [O, K] int8 on a symmetric grid (2 to 8 bits), uint8 on an asymmetric one; scale [O, 1] float32; zero [O, 1],
// whole numbers, or undefined on a symmetric grid. `bits` of the grid: at most 4 are packed two a byte.
// UserError when a code or a zero point is not on such a grid, when weights are grouped (G > 1), or when K is so large
// that a sum may leave 32 bits: with zero points among the codes, K is at most 1 118 481 for up to 4 bits, 65 793
// above.
PackedWeight pack_weight(const at::Tensor& codes_OK, const at::Tensor& scale_O1, const at::Tensor& zero_O1, int bits);

// The codes as they came: int8 or uint8 [O, K].
at::Tensor unpack_weight(const PackedWeight& weight, bool symmetric);

// The exact integers sum_k (u_ok) * code_mk: int32 [M, O]. For tests.
at::Tensor integer_products(const QuantisedRows& x, const PackedWeight& weight);

// y [M, O] float32, contiguous or with rows further apart (a slice of columns), = value(x) value(weight)^T + bias:
//   y = (scale_m * scale_o) * float(t) + bias, t = sum_k (u_ok - offset_o) * (code_mk - zero_m),
// with t exact whatever the zero points, and product and sum rounded once together (FMA); without bias it is 0. Hence
// the same bits on every instruction set, for any number of threads and of tokens beside one. bias [O] may be
// undefined. With `add`, y is added to instead of written.
void integer_linear(const QuantisedRows& x, const PackedWeight& weight, const at::Tensor& bias, at::Tensor& y_MO,
                    bool add = false);

}  // namespace freeact
