// The CUDA kernels behind plain pointers, so that their files need no tensor library. All pointers are device memory
// unless said otherwise; all launches are asynchronous on the stream. A function returns what the runtime said; an
// argument that breaks a stated condition is cudaErrorInvalidValue. Letters: M tokens, K input width, O outputs.
#pragma once

#include <driver_types.h>

#include <cstddef>
#include <cstdint>

#include "kernel/cuda/mma_layout.h"
#include "kernel/cuda/nibble_layout.h"
#include "kernel/cuda/row_program.h"

namespace freeact::cuda {

// ---- a site's input: transforms and quantiser in one pass

// One range per token and piece of the width; a view is what linears with one clip read.
struct ClipFactors {
  const float *max = nullptr, *min = nullptr;  // [count]; null: 1
  int count = 0;                               // 1 for all tokens, else by token type
};

inline constexpr int kMostViews = 4;

struct RowsIn {
  const void* x = nullptr;         // [M, width] contiguous, 16-byte aligned
  bool bfloat16 = false;           // else float32
  const int64_t* types = nullptr;  // [M]; may be null when no table and no clip asks for them
  int64_t rows = 0;
  int width = 0;
};

// Every array is [views, pieces, M]; codes [views, pieces, M, padded], 0 behind a piece's width.
struct RowsOut {
  int8_t* codes = nullptr;
  float* scale = nullptr;
  int32_t* zero = nullptr;  // null on symmetric grids
  int32_t* sum = nullptr;
  int pieces = 1;
  int padded = 0;  // a multiple of 4
};

struct DeviceRowGrid {
  int bits = 4;
  bool symmetric = true;
};

// Codes as quant/quantiser.h has them, minus 2^(bits-1) on an asymmetric grid. A row that holds NaN or infinity, or
// whose type is in no table, gets the scale NaN. scratch: plan.scratch_bytes.
cudaError_t transform_quantise(const RowsIn& in, const RowProgram& program, const RowPlan& plan,
                               const DeviceRowGrid& grid, const ClipFactors* views, int num_views, const RowsOut& out,
                               float* scratch, cudaStream_t stream);

// ---- products of codes

enum class OutputKind { kFloat32, kBfloat16, kInt32 };

struct Output {
  void* data = nullptr;  // [M, O], contiguous
  OutputKind kind = OutputKind::kFloat32;
};

// y = (scale_m scale_o) (sum_k (c_mk - zero_m)(w_ok - offset_o)) + bias_o from the exact integer sum_k c_mk w_ok. With
// kInt32 the plain integer sum is the output and nothing of this is read.
struct Scaling {
  const float *scale_m = nullptr, *scale_o = nullptr;
  const int32_t* sum_m = nullptr;       // of a token's codes; needed with offsets
  const int32_t* zero_m = nullptr;      // null: 0
  const int32_t* offset_o = nullptr;    // null: 0
  const int32_t* code_sum_o = nullptr;  // of an output's codes; needed with zero points
  const float* bias_o = nullptr;        // null: 0
  int64_t width = 0;                    // K without padding
  bool add = false;                     // to what the output holds
};

struct Product {
  const int8_t* x = nullptr;  // [M, k_bytes]
  const int8_t* w = nullptr;  // [O, k_bytes]
  int rows = 0, outputs = 0;
  int64_t k_bytes = 0;  // a multiple of kKMultiple: both are padded with 0
};

// mma.sync, for any M and O.
cudaError_t int8_product(const Product& product, const Scaling& scaling, const Output& y, cudaStream_t stream);
// Two signed codes a byte through mma.sync's s4 form: an instruction up to sm_89, emulated by the compiler on sm_90. It
// is here to be compared with.
cudaError_t int4_product(const Product& product, const Scaling& scaling, const Output& y, cudaStream_t stream);

// wgmma, for sm_90a. No zero points, offsets or adding; rows of y are a multiple of 16 bytes; not kInt32.
bool wgmma_product_built();
bool wgmma_product_fits(const Product& product, const Scaling& scaling, const Output& y);
size_t wgmma_workspace_bytes(const Product& product, const Output& y);
cudaError_t wgmma_product(const Product& product, const Scaling& scaling, const Output& y, void* workspace,
                          cudaStream_t stream);

// Weights in the order of nibble_layout.h, for up to kMostNibbleRows tokens.
struct NibbleProduct {
  const int8_t* x = nullptr;       // [M, k_bytes], padded with 0
  const uint8_t* w = nullptr;      // nibble_layout.h
  const int32_t* sum_m = nullptr;  // of a token's codes
  int rows = 0, outputs = 0;
  int64_t k_bytes = 0;  // a multiple of kKMultiple
};
cudaError_t nibble_product(const NibbleProduct& product, const Scaling& scaling, const Output& y, cudaStream_t stream);

}  // namespace freeact::cuda
