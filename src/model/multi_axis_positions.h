// Qwen2.5-VL's positions on three axes, time, row and column, for its multi-axis rotary embedding.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "model/decoder.h"

namespace freeact {

// ids int64 [T], in which a picture of R x C merged tokens is R * C ids image_id; merged_grids int64 [images, 2], R and
// C of each picture in reading order. Returns int64 [3, 1, T] on the device of ids. Text counts on, the same on all
// axes; a picture that starts at s has time s, rows from s and columns from s, and the text after it goes on at s +
// max(R, C). The k-th token after the prompt, from 0, thus stands at the largest position + 1 + k. Throws UserError
// when ids and grids do not fit together. Source: get_rope_index of Qwen2_5_VLForConditionalGeneration,
// transformers 4.49, for still pictures.
at::Tensor multi_axis_positions(const at::Tensor& ids_T, int64_t image_id, const at::Tensor& merged_grids);

// TokenBatch::positions_ABT of a prompt ids int64 [1, T] with pictures: as above for a model with rope_sections,
// undefined (counted from the left edge) for any other, whatever its grids.
at::Tensor prompt_positions(const DecoderConfig& config, const at::Tensor& ids_BT, const at::Tensor& merged_grids);

}  // namespace freeact
