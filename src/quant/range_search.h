// The search for a weight's ranges of GPTQ and QuaRot (their quant_utils.py, mse=True): of 80 shrunk forms of a row's
// range the one whose rounding errors have the smallest 2.4-norm. Letters: R rows.
#pragma once

#include <ATen/core/Tensor.h>

#include "quant/quantiser.h"

namespace freeact {

// A row of a weight is to be quantised on `grid`, groups left aside, by a range from low to high [R, 1] (the largest
// magnitude in high where the grid is symmetric) times 1 - i / 100, i < 80. Returns the scale of the best for each row,
// of equal ones the widest; `plain` where a row has none, as with NaN. In one pass a row for float32 on the CPU,
// without a gradient, but for rows whose best candidates are as good as equal; the naive form is composed of tensor
// operations, as the reference is.
Scale search_scale(const at::Tensor& weight_RD, const at::Tensor& high_R1, const at::Tensor& low_R1, const Grid& grid,
                   const Scale& plain);
Scale search_scale_naive(const at::Tensor& weight_RD, const at::Tensor& high_R1, const at::Tensor& low_R1,
                         const Grid& grid, const Scale& plain);

}  // namespace freeact
