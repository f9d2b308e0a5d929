#include "baselines/smoothquant/smoothquant.h"

#include <ATen/ATen.h>

#include "calibration/site_maxima.h"

namespace freeact {
namespace {

constexpr double kFloor = 1e-5;

}  // namespace

void SmoothQuantConfig::check() const {
  RoundingConfig::check();
  if (alpha < 0 || alpha > 1) throw UserError("key 'method.alpha' must lie in [0, 1], but is {}", alpha);
}

at::Tensor smoothing_scale(const at::Tensor& activation_max_D, const std::vector<Linear>& linears, double alpha) {
  const at::Tensor weight_max = column_maxima(linears).clamp_min(kFloor);
  return (activation_max_D.pow(alpha) / weight_max.pow(1 - alpha)).clamp_min(kFloor);
}

void smooth(const at::Tensor& scale_D, at::Tensor& norm_weight, std::vector<Linear>& linears, at::Tensor* norm_bias) {
  norm_weight = norm_weight / scale_D;
  if (norm_bias) *norm_bias = *norm_bias / scale_D;
  for (Linear& linear : linears) linear.weight = linear.weight * scale_D;
}

void SmoothQuant::prepare(Decoder& model, const std::vector<TokenBatch>& calibration) const {
  const auto maxima = collect_model_maxima(model, calibration, context_.device);
  for (Block& block : model.blocks) {
    const SiteMaxima& own = maxima[static_cast<size_t>(block.index)];
    // Only linears fed by a norm can be smoothed for free.
    for (const auto& [id, norm] :
         {std::pair{SiteId::kAttentionQkv, &block.attention_norm}, std::pair{SiteId::kMlpGateUp, &block.mlp_norm}}) {
      auto& linears = block.at(id);
      smooth(smoothing_scale(own[static_cast<size_t>(id)], linears, config_.alpha), *norm, linears);
    }
  }
}

MethodEntry smoothquant_entry() {
  return method_entry<SmoothQuant, SmoothQuantConfig>("smoothquant", "SmoothQuant",
                                                      "per-channel scales from activations to weights");
}

}  // namespace freeact
