#include "calibration/surfaces.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <map>

#include "quant/quantised_site.h"
#include "util/error.h"

namespace freeact {
namespace {

// [A, ..] -> [bins, ..]: the largest of neighbours along the first axis. Magnitudes: zeros pad.
at::Tensor pool_first_axis(const at::Tensor& magnitudes, int64_t bins) {
  const int64_t size = magnitudes.size(0), each = (size + bins - 1) / bins, used = (size + each - 1) / each;
  at::Tensor padded = at::zeros({used * each, magnitudes.size(1)}, magnitudes.options());
  padded.slice(0, 0, size).copy_(magnitudes);
  return padded.unflatten(0, {used, each}).amax(1);
}

// What reaches the quantiser of a site, or the linears of a 16-bit one.
at::Tensor seen_by_quantiser(const Block& block, size_t site, const at::Tensor& x_BTD, const at::Tensor& types_BT) {
  const auto* quantised = dynamic_cast<const QuantisedSite*>(block.sites[site].get());
  return quantised == nullptr ? x_BTD : quantised->transformed(x_BTD, types_BT);
}

using Inputs = std::map<std::pair<int64_t, SiteId>, at::Tensor>;

Inputs observe_inputs(const Decoder& model, const TokenBatch& batch, ForwardContext context,
                      const SurfaceChoice& choice) {
  std::map<std::string, std::pair<int64_t, SiteId>> wanted;
  for (const int64_t layer : choice.layers)
    for (const SiteId site : choice.sites)
      wanted[fmt::format("block{}.{}.input", layer, site_name(site))] = {layer, site};
  Inputs inputs;
  const Observer observer = [&](const std::string& point, const at::Tensor& value) {
    if (const auto found = wanted.find(point); found != wanted.end()) inputs[found->second] = value;
  };
  context.observer = &observer;
  model.hidden(batch, context);
  return inputs;
}

}  // namespace

at::Tensor pool_surface(const at::Tensor& x_ND, int64_t bins) {
  const at::Tensor magnitudes = at::nan_to_num(x_ND.to(at::kFloat).abs(), 0.0, 0.0, 0.0);
  return pool_first_axis(pool_first_axis(magnitudes, bins).t(), bins).t().contiguous();
}

std::vector<int64_t> default_surface_layers(int64_t num_layers) {
  std::vector<int64_t> layers = {0, num_layers / 2, num_layers - 1};
  layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
  return layers;
}

std::vector<SiteSurface> measure_surfaces(const Decoder& model, const TokenBatch& batch, const SurfaceChoice& choice) {
  const at::NoGradGuard no_grad;
  std::vector<SiteSurface> surfaces;
  const ForwardContext context = model.context(batch);
  for (const auto& [place, x_BTD] : observe_inputs(model, batch, context, choice)) {
    const auto& [layer, site] = place;
    const at::Tensor z_ND =
        seen_by_quantiser(model.blocks[static_cast<size_t>(layer)], static_cast<size_t>(site), x_BTD, context.types_BT)
            .flatten(0, 1);
    for (int64_t type = 0; type < std::ssize(model.config.token_types); ++type) {
      const at::Tensor chosen = z_ND.index({context.types_BT.flatten() == type}).slice(0, 0, kMaxSurfaceTokens);
      if (chosen.size(0) > 0)
        surfaces.push_back({layer, site, type, chosen.size(0), chosen.size(1), pool_surface(chosen, choice.bins)});
    }
  }
  return surfaces;
}

std::string surface_codes(const at::Tensor& pooled_IJ, double peak) {
  const at::Tensor shares = peak > 0 ? (pooled_IJ.to(at::kDouble) / peak).clamp(0, 1) : at::zeros_like(pooled_IJ);
  const at::Tensor codes = (shares.sqrt() * 255).round().to(at::kCPU, at::kByte).contiguous();
  return {reinterpret_cast<const char*>(codes.const_data_ptr<uint8_t>()), static_cast<size_t>(codes.numel())};
}

}  // namespace freeact
