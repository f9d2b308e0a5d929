// What the stored cases of all masked-diffusion models share. Letters: B batch, P prompt, L sequence, N noisy samples,
// V vocabulary rows.
#pragma once

#include <functional>

#include "generation/unmasking.h"
#include "verify/reference_set.h"

namespace freeact {

using Sampler = std::function<void(const Decoder& model, const at::Tensor& prompt_BP, const at::Tensor& prompt_mask_BP,
                                   const UnmaskObserver& observer)>;

// Runs the sampler on the case's prompt, and holds the sequence, the predictions and the confidences of every step.
void check_trajectory(ReferenceCase& reference, int64_t answer_length, const Sampler& sampler);

// Cross entropy at the masked positions (0 elsewhere), and its sum over each sample divided by the sample's p_mask.
struct NoisyLikelihood {
  at::Tensor token_ce_NL, sample_nll_N;
};

// Row i of the logits predicts position i.
NoisyLikelihood noisy_likelihood(const at::Tensor& logits_NLV, const at::Tensor& sequence_L,
                                 const at::Tensor& masked_NL, const at::Tensor& p_mask_N);

}  // namespace freeact
