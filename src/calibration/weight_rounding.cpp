#include "calibration/weight_rounding.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "calibration/site_maxima.h"
#include "util/error.h"

namespace freeact {
namespace {

// One for each linear of a site; linears that clip the activation alike share it.
using SiteHessians = std::vector<std::shared_ptr<GptqHessian>>;

std::array<SiteHessians, kNumSites> start_hessians(const CalibratedBlock& block) {
  std::array<SiteHessians, kNumSites> all;
  for (size_t i = 0; i < kNumSites; ++i)
    for (size_t j = 0; j < block.equivalent.linears[i].size(); ++j)
      all[i].push_back(block.sites[i]->shares_activation(j)
                           ? all[i].back()
                           : std::make_shared<GptqHessian>(block.equivalent.linears[i][j].weight.size(1),
                                                           block.equivalent.device()));
  return all;
}

void add_inputs(SiteHessians& hessians, const QuantisedSite& site, const at::Tensor& x_BTD,
                const at::Tensor& types_BT) {
  const at::Tensor z = site.transformed(x_BTD, types_BT);
  for (size_t j = 0; j < hessians.size(); ++j) {
    if (site.shares_activation(j)) continue;
    const Clip clip = site.parts().linears[j].activation_clip.of_tokens(types_BT);
    hessians[j]->add(fake_quantise_activation(z, site.parts().activation_grid, clip));
  }
}

std::shared_ptr<const QuantisedSite> round_site(const QuantisedSite& site, const std::vector<Linear>& linears,
                                                const SiteHessians& hessians, const Grid& grid,
                                                const GptqSettings& settings) {
  QuantisedSite::Parts parts = site.parts();
  for (size_t j = 0; j < linears.size(); ++j) {
    const at::Tensor weight = apply_weight(parts.transforms, linears[j].weight);
    parts.linears[j].codes = gptq(weight, hessians[j]->matrix(), grid, parts.linears[j].scale, settings).codes;
  }
  return std::make_shared<QuantisedSite>(std::move(parts));
}

}  // namespace

RoundingKind parse_rounding(const std::string& name) {
  if (name == "nearest") return RoundingKind::kNearest;
  if (name == "gptq") return RoundingKind::kGptq;
  throw UserError("key 'method.w_rounding' must be nearest or gptq, but is '{}'", name);
}

CalibratedBlock round_weights(const CalibratedBlock& block, const WeightRounding& rounding, const QuantSpec& spec,
                              const std::vector<BlockBatch>& batches, const DecoderConfig& config) {
  if (rounding.kind == RoundingKind::kNearest || spec.weight.is_float()) return block;
  if (batches.empty())
    throw UserError("'method.w_rounding: gptq' needs calibration data, but the calibration set is empty");
  const at::NoGradGuard no_grad;
  auto hessians = start_hessians(block);
  visit_site_inputs(block.equivalent, batches, config, [&](size_t i, const at::Tensor& x, const at::Tensor& types) {
    add_inputs(hessians[i], *block.sites[i], x, types);
  });
  CalibratedBlock result = block;
  for (size_t i = 0; i < kNumSites; ++i) {
    try {
      result.sites[i] =
          round_site(*block.sites[i], block.equivalent.linears[i], hessians[i], spec.weight, rounding.gptq);
    } catch (const UserError& error) {
      throw UserError("block {}, {}: {} (key 'method.gptq_damp')", block.equivalent.index, kSiteNames[i], error.what());
    }
  }
  return result;
}

}  // namespace freeact
