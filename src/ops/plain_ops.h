// Functions of ops.h on plain float32 tensors (is_plain), in one pass over memory instead of one an operation. Every
// element goes through the same operations in the same order, so the results are the same to the last bit.
#pragma once

#include "ops/ops.h"

namespace freeact {

// Whether rotate_plain can: no cast is needed, and the neighbours of a head are neighbours in memory.
bool can_rotate_plain(const at::Tensor& x_BHTK, const RopeTable& table);
// apply_rope.
at::Tensor rotate_plain(const at::Tensor& x_BHTK, const RopeTable& table);

// (x [.., D] * factors [.., 1]) * weight [D]; all plain.
at::Tensor scale_rows(const at::Tensor& x, const at::Tensor& factors, const at::Tensor& weight);

}  // namespace freeact
