#include "method/freeact/freeact.h"

#include <ATen/ATen.h>

#include <cmath>

namespace freeact {

void FreeActConfig::check() const {
  LearningConfig::check();
  parse_mean(type_mean);
  if (exclusive_start != "random" && exclusive_start != "low_energy")
    throw UserError("key 'method.exclusive_start' must be random or low_energy, but is '{}'", exclusive_start);
  if (lac_per_type && policy().activation.kind != ClipKind::kLearned)
    throw UserError("key 'method.lac_per_type' is true, but 'method.a_clip' is {}: only learned clips differ by type",
                    a_clip);
  if (rank_fraction < 0 || rank_fraction > 0.5)
    throw UserError("key 'method.rank_fraction' must lie in [0, 0.5], but is {}", rank_fraction);
  for (const int64_t rank : ranks)
    if (rank < 0) throw UserError("key 'method.ranks' must hold ranks of zero or more, but holds {}", rank);
}

LearningSettings FreeActConfig::settings(int64_t num_types) const {
  if (!ranks.empty() && static_cast<int64_t>(ranks.size()) != num_types)
    throw UserError("key 'method.ranks' has {} ranks, but the model has {} token types", ranks.size(), num_types);
  LearningSettings s = LearningConfig::settings();
  if (orthogonal) s.block.parametrisation = Parametrisation::kOrthogonal;
  s.block.clip_per_type = lac_per_type;
  s.block.num_types = num_types;
  s.block.ranks = [fixed = ranks, fraction = rank_fraction, num_types](int64_t width) {
    if (!fixed.empty()) return fixed;
    const auto rank = static_cast<int64_t>(std::llround(fraction * static_cast<double>(width)));
    return std::vector<int64_t>(static_cast<size_t>(num_types), rank);
  };
  s.block.low_energy_start = exclusive_start == "low_energy";
  s.mean = parse_mean(type_mean);
  return s;
}

CalibratedBlock FreeAct::calibrate(const Block& block, const std::vector<BlockBatch>& batches,
                                   const DecoderConfig& config) const {
  const auto num_types = static_cast<int64_t>(config.token_types.size());
  return learn_block(block, batches, config, context_.quant, config_.settings(num_types), context_.seed);
}

MethodEntry freeact_entry() {
  return method_entry<FreeAct, FreeActConfig>("freeact", "FreeAct",
                                              "one weight side, a slice of the transform per token type");
}

}  // namespace freeact
