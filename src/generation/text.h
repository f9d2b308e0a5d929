// Prompts into a sampler, text out of it. Letters: B batch, P padded prompt length.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace freeact {

struct PaddedPrompts {
  at::Tensor ids_BP;             // int64
  at::Tensor attention_mask_BP;  // int64, 1 real, 0 pad; undefined when all have one length
};

// Puts pads before the shorter prompts, so that all answers begin in one column. Throws UserError when there is no
// prompt, or when pads are needed and pad_id is negative.
PaddedPrompts pad_left(const std::vector<std::vector<int64_t>>& prompts, int64_t pad_id);

// The ids of a sequence, whatever its shape, in their order.
std::vector<int64_t> ids_of(const at::Tensor& sequence);

}  // namespace freeact
