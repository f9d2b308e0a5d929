// Products of quantised tokens and weights on the device. Letters: M tokens, K input width, O outputs, P K rounded up
// to cuda::kKMultiple.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "kernel/cuda/transform_quantise.h"
#include "quant/quantiser.h"

namespace freeact {

// value = (code - offset) * scale, one range per output. Codes are int8; of an asymmetric grid, minus half of its
// range.
struct CudaWeight {
  int64_t outputs = 0, width = 0;
  at::Tensor codes_OP;    // int8, 0 from the width on: one byte a code, unpacked once
  at::Tensor nibbles;     // uint8, two codes a byte (nibble_layout.h); undefined when they have more than 4 bits
  at::Tensor scale_O;     // float32
  at::Tensor offset_O;    // int32; undefined on symmetric grids
  at::Tensor code_sum_O;  // int32, of an output's codes
};

// codes [O, K] int8 on a symmetric grid, uint8 on an asymmetric one; scale [O, 1]; zero [O, 1] or undefined. Any
// device.
CudaWeight cuda_weight(const at::Tensor& codes_OK, const at::Tensor& scale_O1, const at::Tensor& zero_O1,
                       at::Device device);

// Which kernel multiplies.
enum class CudaRoute {
  kNibbles,      // weights as nibbles, for up to 64 tokens
  kWgmma,        // int8 on sm_90a
  kMma,          // int8 on sm_80 and later
  kEmulatedInt4  // both as nibbles through mma.sync s4: to compare with; 4-bit codes only
};
std::string name(CudaRoute route);

// What decides the route.
struct RouteQuestion {
  int64_t rows = 0, outputs = 0;
  int capability = 80;
  bool nibbles = false;      // the weight has them
  bool corrections = false;  // zero points, offsets, or adding to an output
  bool bfloat16 = false;     // outputs
  bool wgmma_built = false;
};
CudaRoute best_route(const RouteQuestion& question);
// Throws UserError when the route does not serve such operands.
void check_route(CudaRoute route, const RouteQuestion& question);

// y [M, O] float32 or bfloat16 = value(x) value(weight)^T + bias; bias [O] float32 may be undefined. With `add`, y is
// added to instead of written.
void cuda_linear(const CudaRows& x, const CudaWeight& weight, const at::Tensor& bias, at::Tensor& y_MO,
                 bool add = false);
// By a route of choice. Throws UserError when it does not serve these operands.
void cuda_linear_by(CudaRoute route, const CudaRows& x, const CudaWeight& weight, const at::Tensor& bias,
                    at::Tensor& y_MO, bool add = false);

// The exact integers sum_k w_ok c_mk, int32 [M, O], by a route (not kWgmma, which scales them), and by PyTorch: its
// int8 product, or floats where that does not serve. Its naive twin.
at::Tensor cuda_integer_products(CudaRoute route, const CudaRows& x, const CudaWeight& weight);
at::Tensor cuda_integer_products_simple(const CudaRows& x, const CudaWeight& weight);

// Two signed codes a byte, K-major, [rows, P / 2] with P / 2 a multiple of cuda::kKMultiple: what kEmulatedInt4 reads.
// codes int8 [rows, P] from -8 to 7.
at::Tensor pack_pairs(const at::Tensor& codes);

}  // namespace freeact
