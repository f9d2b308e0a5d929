#include "run/quantised_vision.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "quant/quantised_site.h"
#include "util/error.h"

namespace freeact {

void check_vision_bits(const LoadedModel& model, const QuantConfig& quant) {
  if (quant.has_float_vision() || model.vision) return;
  throw UserError("quant.vision_w_bits and vision_a_bits must be 16: the model ({}) has no tower that sees images",
                  model.decoder.config.family);
}

std::shared_ptr<const LoadedModel> with_quantised_vision(const std::shared_ptr<const LoadedModel>& model,
                                                         const QuantConfig& quant) {
  if (quant.has_float_vision()) return model;
  check_vision_bits(*model, quant);
  const at::NoGradGuard no_grad;
  const Grid weights = {quant.vision_w_bits, quant.w_symmetric}, activations = {quant.vision_a_bits, quant.a_symmetric};
  std::unique_ptr<VisionTower> tower = model->vision->clone();
  for (VisionLinear* layer : tower->linears()) {
    QuantisedSite::Parts parts;
    parts.activation_grid = activations;
    parts.linears = {quantise_linear(layer->linear.weight, layer->linear.bias, weights)};
    layer->site = std::make_shared<QuantisedSite>(std::move(parts));
  }
  auto quantised = std::make_shared<LoadedModel>(*model);
  quantised->vision = std::move(tower);
  return quantised;
}

}  // namespace freeact
