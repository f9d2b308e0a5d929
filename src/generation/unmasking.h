// What all samplers of masked-diffusion models share. Letters: B batch, P prompt, L sequence length, M places that are
// predicted, V vocabulary rows.
#pragma once

#include <cstdint>
#include <functional>

#include "generation/acceleration.h"
#include "model/decoder.h"

namespace freeact {

// What a step would write at each masked position (elsewhere the present token), and the confidence it ranks by (-inf
// where a position cannot be chosen).
struct Prediction {
  at::Tensor ids_BL, confidence_BL;
};

// After every step that writes anything: the sequence, and the step's Prediction. All [B, L].
using UnmaskObserver =
    std::function<void(const at::Tensor& tokens_BL, const at::Tensor& predicted_BL, const at::Tensor& confidence_BL)>;

// The counts[row] positions of the highest scores in each row, as bool [B, L]; of equal ones the leftmost.
at::Tensor highest_positions(const at::Tensor& scores_BL, const at::Tensor& counts_B);

// A sequence to be unmasked.
struct MaskedSequence {
  at::Tensor tokens_BL;
  at::Tensor attention_mask_BL;  // undefined when nothing is padded
};

// The prompt [B, P] followed by `length` masks, which count as real tokens. prompt_mask [B, P] may be undefined.
MaskedSequence append_masks(const at::Tensor& prompt_BP, const at::Tensor& prompt_mask_BP, int64_t length,
                            int64_t mask_id);

// Classifier-free guidance: from what the model says of the whole sequence, away from what it says without the given.
at::Tensor guide(const at::Tensor& conditional, const at::Tensor& unconditional, double scale);

// softmax(logits)[m, ids[m]] without the softmax: [M] for logits [M, V].
at::Tensor probability_of(const at::Tensor& logits_MV, const at::Tensor& ids_M);

// Logits [B, L, V] whose row i predicts position i, also of models that predict the next position. No row of such a
// model predicts the first position; as in Dream's published code it keeps the row that predicts the second.
at::Tensor aligned_logits(const Decoder& model, const at::Tensor& ids_BL, const at::Tensor& attention_mask_BL = {});

}  // namespace freeact
