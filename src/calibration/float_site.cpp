#include "calibration/float_site.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace freeact {

std::shared_ptr<const QuantisedSite> with_float_weights(const QuantisedSite& site, const std::vector<Linear>& linears,
                                                        KeptRounding kept) {
  QuantisedSite::Parts parts = site.parts();
  if (kept == KeptRounding::kNone) parts.activation_grid = {.bits = 16};
  for (size_t i = 0; i < linears.size(); ++i) {
    parts.linears[i].codes = apply_weight(parts.transforms, linears[i].weight);
    parts.linears[i].scale = {};
  }
  return std::make_shared<QuantisedSite>(std::move(parts));
}

bool drops_input(const QuantisedSite& site) {
  const QuantisedSite::Parts& parts = site.parts();
  const bool slices = std::any_of(parts.transforms.begin(), parts.transforms.end(),
                                  [](const auto& transform) { return transform->kind() == "slices"; });
  return slices || (!parts.branch.empty() && parts.branch.products_RO.empty());
}

}  // namespace freeact
