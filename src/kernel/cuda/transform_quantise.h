// A site's transforms and its quantiser on the device. Letters: M tokens, D width, N token types, P a piece's width
// rounded up to cuda::kKMultiple.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "kernel/cuda/device.h"
#include "kernel/cuda/row_program.h"
#include "quant/quantiser.h"
#include "quant/transform.h"

namespace freeact {

// Tokens on their grid, as kernel/cpu/quantised_rows.h has them, but for the padding.
struct CudaRows {
  int64_t width = 0;
  at::Tensor codes_MP;  // int8, 0 from the width on
  at::Tensor scale_M;   // float32
  at::Tensor zero_M;    // int32; undefined on symmetric grids
  at::Tensor sum_M;     // int32

  int64_t rows() const { return codes_MP.size(0); }
};
using CudaPieces = std::vector<CudaRows>;

// The steps of a site's input, and the tensors that they point into.
struct CudaProgram {
  cuda::RowProgram program;
  std::vector<at::Tensor> kept;
};
// Any device, so that tests can look at it. UserError for a transform that is none of quant/transform.h.
CudaProgram make_program(const TransformChain& chain, int64_t width, at::Device device);

class CudaTransformQuantise {
 public:
  // piece: the width is cut into stretches of it; it divides the grid's groups, or the width where there are none.
  CudaTransformQuantise(const TransformChain& chain, const Grid& grid, int64_t width, int64_t piece, at::Device device);

  // x [M, D] float32 or bfloat16, types [M] int64, which may be undefined where nothing depends on them; clips on the
  // device, one for each view. One result per clip; the transforms are computed once for up to four of them.
  std::vector<CudaPieces> operator()(const at::Tensor& x_MD, const at::Tensor& types_M,
                                     const std::vector<Clip>& clips) const;

 private:
  CudaProgram program_;
  Grid grid_;
  int64_t width_, piece_;
  CudaDevice device_;
};

Clip clip_on(const Clip& clip, at::Device device);

}  // namespace freeact
