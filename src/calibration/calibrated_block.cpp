#include "calibration/calibrated_block.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include "util/error.h"

namespace freeact {
namespace {

// Of what each site reads.
std::array<int64_t, kNumSites> site_widths(const DecoderConfig& config) {
  return {config.width, config.num_heads * config.head_width, config.width, config.mlp_width};
}

}  // namespace

void check_groups(const QuantSpec& spec, const DecoderConfig& config) {
  const auto widths = site_widths(config);
  for (const auto& [key, size] :
       {std::pair{"w_group_size", spec.weight.group_size}, std::pair{"a_group_size", spec.activation.group_size}})
    for (size_t i = 0; size != 0 && i < kNumSites; ++i)
      if (widths[i] % size != 0)
        throw UserError(
            "key 'quant.{}' is {}, but the input of {} is {} wide: groups must divide the widths of all sites ({})",
            key, size, kSiteNames[i], widths[i], fmt::join(widths, ", "));
}

Block CalibratedBlock::quantised() const {
  Block block = equivalent;
  for (size_t i = 0; i < kNumSites; ++i) block.sites[i] = sites[i];
  block.kv = kv;
  return block;
}

std::shared_ptr<const QuantisedKvPath> plain_kv_path(const QuantSpec& spec, const Clip& clip) {
  if (spec.key.is_float() && spec.value.is_float()) return nullptr;
  QuantisedKvPath::Parts parts;
  parts.key_grid = spec.key;
  parts.value_grid = spec.value;
  parts.key_clip = parts.value_clip = clip;
  return std::make_shared<QuantisedKvPath>(std::move(parts));
}

CalibratedBlock round_block(const Block& block, const QuantSpec& spec, const RoundingSettings& settings) {
  CalibratedBlock result;
  result.equivalent = block;
  for (size_t i = 0; i < kNumSites; ++i) {
    QuantisedSite::Parts parts;
    for (const auto& transform : settings.transforms[i])
      parts.transforms.push_back(transform->on_device(block.device()));
    parts.activation_grid = spec.activation;
    for (const Linear& linear : block.linears[i]) {
      parts.linears.push_back(quantise_linear(apply_weight(parts.transforms, linear.weight), linear.bias, spec.weight,
                                              settings.weight_clip));
      parts.linears.back().activation_clip = settings.activation_clip;
    }
    result.sites[i] = std::make_shared<QuantisedSite>(std::move(parts));
  }
  result.kv = plain_kv_path(spec, settings.activation_clip);
  return result;
}

}  // namespace freeact
