#include "run/loss_weights.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

namespace freeact {
namespace {

at::Tensor mean_one(const at::Tensor& weights_BT) {
  return (weights_BT / weights_BT.mean(-1, /*keepdim=*/true)).to(at::kFloat);
}

// What each key [B, H, T, K] gets of the queries' attention [B, T], in the mean over heads and the queries that see it.
at::Tensor attention_of_keys(const at::Tensor& q_BHTK, const at::Tensor& k_BGTK, bool causal) {
  const at::Tensor k_BHTK = k_BGTK.repeat_interleave(q_BHTK.size(1) / k_BGTK.size(1), 1);
  at::Tensor scores_BHTT =
      at::matmul(q_BHTK, k_BHTK.transpose(-1, -2)).to(at::kFloat) / std::sqrt(static_cast<double>(q_BHTK.size(-1)));
  const at::Tensor seen_TT = at::ones({q_BHTK.size(2), q_BHTK.size(2)}, q_BHTK.options().dtype(at::kBool)).tril();
  if (causal) scores_BHTT = scores_BHTT.masked_fill(at::logical_not(seen_TT), -INFINITY);
  const at::Tensor received_BT = at::softmax(scores_BHTT, -1).mean(1).sum(1);
  return causal ? received_BT / seen_TT.sum(0) : received_BT / q_BHTK.size(2);
}

at::Tensor mask_state(const at::Tensor& ids_BT, int64_t mask_id, double mask_weight) {
  return at::where(ids_BT == mask_id, mask_weight, 1.0);
}

}  // namespace

void weigh_losses(std::vector<TokenBatch>& sequences, const CalibrationConfig& config, const Decoder& model) {
  if (config.loss_weights == "equal") return;
  for (TokenBatch& sequence : sequences)
    sequence.loss_weights_BT = config.loss_weights == "attention"
                                   ? attention_received(model, sequence)
                                   : mean_one(mask_state(sequence.ids_BT, model.config.mask_id, config.mask_weight));
}

at::Tensor attention_received(const Decoder& model, const TokenBatch& batch) {
  const at::NoGradGuard no_grad;
  at::Tensor query, sum_BT;
  const Observer observer = [&](const std::string& point, const at::Tensor& value) {
    if (point.ends_with(".rope.q")) query = value;
    if (!point.ends_with(".rope.k")) return;
    const at::Tensor received_BT = attention_of_keys(query, value, model.config.causal);
    sum_BT = sum_BT.defined() ? sum_BT + received_BT : received_BT;
  };
  ForwardContext context = model.context(batch);
  context.observer = &observer;
  model.hidden(batch, context);
  return mean_one(sum_BT).to(batch.ids_BT.device());
}

}  // namespace freeact
