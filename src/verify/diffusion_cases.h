// What the stored cases of all masked-diffusion models share. Letters: B batch, P prompt.
#pragma once

#include <functional>

#include "generation/unmasking.h"
#include "verify/reference_set.h"

namespace freeact {

using Sampler = std::function<void(const Decoder& model, const at::Tensor& prompt_BP, const at::Tensor& prompt_mask_BP,
                                   const UnmaskObserver& observer)>;

// Runs the sampler on the case's prompt, and holds the sequence, the predictions and the confidences of every step.
void check_trajectory(ReferenceCase& reference, int64_t answer_length, const Sampler& sampler);

}  // namespace freeact
