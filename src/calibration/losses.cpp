// The losses of training. Letters: B batch, T tokens, O outputs.
#include <ATen/ATen.h>

#include "calibration/trainer.h"

namespace freeact {
namespace {

// Mean over tokens of the rows' means: x [.., O], weights [..], which may be undefined.
at::Tensor weighted_mean(const at::Tensor& x, const at::Tensor& weights) {
  if (!weights.defined()) return x.mean();
  const at::Tensor sum = weights.sum();
  return (x.mean(-1) * weights).sum() / at::where(sum > 0, sum, at::ones_like(sum));
}

at::Tensor mean_square(const at::Tensor& y, const at::Tensor& target, const at::Tensor& weights) {
  return weights.defined() ? weighted_mean((y - target).square(), weights) : at::mse_loss(y, target);
}

}  // namespace

Loss mean_squared_loss(const at::Tensor& y, const at::Tensor& target, const at::Tensor& weights_BT) {
  return {mean_square(y, target, weights_BT), {}};
}

Loss type_sum_loss(const at::Tensor& y, const at::Tensor& target, const at::Tensor& types_BT, int64_t num_types,
                   bool relative, const at::Tensor& weights_BT) {
  Loss loss;
  loss.total = at::zeros({}, y.options().requires_grad(false));
  for (int64_t type = 0; type < num_types; ++type) {
    const at::Tensor chosen = types_BT == type;
    at::Tensor own = at::zeros({}, y.options().requires_grad(false));
    if (chosen.any().item<bool>()) {
      const at::Tensor own_target = target.index({chosen});
      const at::Tensor weights = weights_BT.defined() ? weights_BT.index({chosen}) : at::Tensor();
      own = mean_square(y.index({chosen}), own_target, weights);
      if (relative) own = own / weighted_mean(own_target.square(), weights).clamp_min(1e-20);
    }
    loss.parts.push_back(own);
    loss.total = loss.total + own;
  }
  return loss;
}

}  // namespace freeact
