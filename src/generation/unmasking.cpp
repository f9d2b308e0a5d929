#include "generation/unmasking.h"

#include <ATen/ATen.h>

namespace freeact {

at::Tensor highest_positions(const at::Tensor& scores_BL, const at::Tensor& counts_B) {
  const at::Tensor order = scores_BL.argsort(/*stable=*/true, int64_t{-1}, /*descending=*/true);
  const at::Tensor rank = order.argsort(/*stable=*/true, int64_t{-1}, /*descending=*/false);
  return rank < counts_B.unsqueeze(-1);
}

MaskedSequence append_masks(const at::Tensor& prompt_BP, const at::Tensor& prompt_mask_BP, int64_t length,
                            int64_t mask_id) {
  const at::Tensor answer = at::full({prompt_BP.size(0), length}, mask_id, prompt_BP.options());
  MaskedSequence sequence{at::cat({prompt_BP, answer}, 1), prompt_mask_BP};
  if (prompt_mask_BP.defined())
    sequence.attention_mask_BL = at::cat({prompt_mask_BP, at::ones_like(answer, prompt_mask_BP.options())}, 1);
  return sequence;
}

at::Tensor guide(const at::Tensor& conditional, const at::Tensor& unconditional, double scale) {
  return unconditional + (scale + 1) * (conditional - unconditional);
}

at::Tensor probability_of(const at::Tensor& logits_MV, const at::Tensor& ids_M) {
  return (logits_MV.gather(-1, ids_M.unsqueeze(-1)).squeeze(-1) - at::logsumexp(logits_MV, {-1})).exp();
}

at::Tensor aligned_logits(const Decoder& model, const at::Tensor& ids_BL, const at::Tensor& attention_mask_BL) {
  const at::Tensor logits_BLV = model.logits(ids_BL, attention_mask_BL);
  if (!model.config.shifted_logits) return logits_BLV;
  return at::cat({logits_BLV.slice(1, 0, 1), logits_BLV.slice(1, 0, -1)}, 1);
}

}  // namespace freeact
