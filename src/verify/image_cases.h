// What is stored of images, besides the cases of a set: by the first words of the tensors' names, or by tables of
// io.json.
#pragma once

#include <string>
#include <vector>

#include "verify/reference_set.h"

namespace freeact {

// image.NAME: the file decoded, resized and preprocessed.
void check_qwen_image(ReferenceCase& reference);
void check_internvl_image(ReferenceCase& reference);
// Sizes alone, for many images that nobody has to store.
void check_smart_resize_table(ReferenceCase& reference);
void check_tiling_table(ReferenceCase& reference);

// A prompt with images, from its pixels to its logits and greedy answers.
void check_qwen_prompt(ReferenceCase& reference);
void check_internvl_prompt(ReferenceCase& reference);
// rope_index.NAME: positions of further prompts.
void check_rope_index(ReferenceCase& reference);
// vision_pair: two images in one call of the tower.
void check_vision_pair(ReferenceCase& reference);
// rope_dynamic: the rotary table past the length of the training.
void check_rope_dynamic(ReferenceCase& reference);

}  // namespace freeact
