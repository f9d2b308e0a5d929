// Letters: T tokens, D width of a site, O outputs.
#include "baselines/wush/wush.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <array>

#include "calibration/closed_form.h"
#include "calibration/site_maxima.h"
#include "quant/learnable.h"
#include "util/random.h"

namespace freeact {
namespace {

std::shared_ptr<const Transform> kronecker_of(const BalancedFactors& factors) {
  const auto& [left, right] = factors;
  return std::make_shared<KroneckerTransform>(
      KroneckerTransform::Factors{left.activation.to(at::kFloat), right.activation.to(at::kFloat),
                                  left.weight.to(at::kFloat), right.weight.to(at::kFloat)});
}

}  // namespace

void WushConfig::check() const {
  RoundingConfig::check();
  if (form != "kronecker" && form != "full")
    throw UserError("key 'method.form' must be kronecker or full, but is '{}'", form);
  if (!(damping > 0 && damping <= 1)) throw UserError("key 'method.damping' must lie in (0, 1], but is {}", damping);
}

CalibratedBlock Wush::calibrate(const Block& block, const std::vector<BlockBatch>& batches,
                                const DecoderConfig& config) const {
  const at::NoGradGuard no_grad;
  const auto left_of = [&](int64_t width) { return config_.form == "full" ? 1 : kronecker_split(width).first; };
  std::array<GridMoments, kNumSites> inputs;
  visit_site_inputs(block, batches, config, [&](size_t i, const at::Tensor& x_BTD, const at::Tensor&) {
    inputs[i].add(GridMoments::of(x_BTD.flatten(0, 1), left_of(x_BTD.size(-1))));
  });
  RoundingSettings rounding = config_.policy().rounding();
  for (size_t i = 0; i < kNumSites; ++i) {
    const at::Tensor weight_OD = stacked_weights(block.linears[i]);
    const GridMoments weights = GridMoments::of(weight_OD, left_of(weight_OD.size(1)));
    const uint64_t seed = derive_seed(context_.seed, fmt::format("wush {} {}", block.index, kSiteNames[i]));
    rounding.transforms[i].push_back(kronecker_of(balanced_factors(inputs[i], weights, config_.damping, seed)));
  }
  return apply_clipping(round_block(block, context_.quant, rounding), config_.policy(), context_.quant, batches, config,
                        config_.clip_epochs);
}

MethodEntry wush_entry() {
  return method_entry<Wush, WushConfig>("wush", "WUSH", "a closed-form transform that balances both sides");
}

}  // namespace freeact
