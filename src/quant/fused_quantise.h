// Fake quantisation in one pass over memory, with its gradient written out: what quant/quantiser.h composes of a dozen
// tensor operations each way. Values are the same bit for bit, gradients to rounding. Only the inputs are kept for the
// backward pass; ranges and codes are computed anew. Letters: D width, O outputs.
#pragma once

#include <ATen/core/Tensor.h>

#include "quant/quantiser.h"

namespace freeact {

// Whether the functions below can stand in: float32, contiguous, on the CPU, a symmetric grid, one clip factor for all
// rows of x [.., D] or one for each.
bool can_fuse(const at::Tensor& x, const Grid& grid, const Clip& clip);

// fake_quantise_activation: gradients of x and of the clip factors. As amax does, equal largest elements of a token
// share the gradient of its range.
at::Tensor fused_quantise_activation(const at::Tensor& x, const Grid& grid, const Clip& clip);

// fake_quantise_weight [O, D]: gradients of the weight and of the factors. As max(dim) does, the first of equal largest
// elements gets the gradient of a range.
at::Tensor fused_quantise_weight(const at::Tensor& weight_OD, const Grid& grid, const Clip& clip);

}  // namespace freeact
