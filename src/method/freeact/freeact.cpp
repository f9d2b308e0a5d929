#include "method/freeact/freeact.h"

#include <ATen/ATen.h>

#include <cmath>

namespace freeact {

void FreeActConfig::check() const {
  LearningConfig::check();
  parse_mean(type_mean);
  if (exclusive_start != "random" && exclusive_start != "low_energy")
    throw UserError("key 'method.exclusive_start' must be random or low_energy, but is '{}'", exclusive_start);
  if (exclusive_start == "low_energy" && start == "wush")
    throw UserError(
        "key 'method.start' is wush, but 'method.exclusive_start: low_energy' starts the same transforms: leave one of "
        "them at random");
  if (lac_per_type && policy().activation.kind != ClipKind::kLearned)
    throw UserError("key 'method.lac_per_type' is true, but 'method.a_clip' is {}: only learned clips differ by type",
                    a_clip);
  if (rank_fraction < 0 || rank_fraction > 0.5)
    throw UserError("key 'method.rank_fraction' must lie in [0, 0.5], but is {}", rank_fraction);
  for (const double fraction : rank_fractions)
    if (!(fraction >= 0 && fraction <= 0.5))
      throw UserError("key 'method.rank_fractions' must hold fractions in [0, 0.5], but holds {}", fraction);
  for (const int64_t rank : ranks)
    if (rank < 0) throw UserError("key 'method.ranks' must hold ranks of zero or more, but holds {}", rank);
  if (!ranks.empty() && !rank_fractions.empty())
    throw UserError("keys 'method.ranks' and 'method.rank_fractions' both say the exclusive ranks: leave one out");
}

std::vector<int64_t> FreeActConfig::ranks_at(int64_t width, int64_t num_types) const {
  if (!ranks.empty()) return ranks;
  std::vector<int64_t> all;
  for (size_t type = 0; type < static_cast<size_t>(num_types); ++type) {
    const double fraction = rank_fractions.empty() ? rank_fraction : rank_fractions[type];
    all.push_back(std::llround(fraction * static_cast<double>(width)));
  }
  return all;
}

LearningSettings FreeActConfig::settings(int64_t num_types) const {
  for (const auto& [key, size] : {std::pair{"ranks", ranks.size()}, {"rank_fractions", rank_fractions.size()}})
    if (size != 0 && static_cast<int64_t>(size) != num_types)
      throw UserError("key 'method.{}' has {} entries, but the model has {} token types", key, size, num_types);
  if (ranks.empty() && rank_fractions.empty() && rank_fraction * static_cast<double>(num_types) > 1)
    throw UserError(
        "key 'method.rank_fraction' is {}, but the ranks of the model's {} token types must fit into a width",
        rank_fraction, num_types);
  LearningSettings s = LearningConfig::settings();
  if (orthogonal) s.block.parametrisation = Parametrisation::kOrthogonal;
  s.block.clip_per_type = lac_per_type;
  s.block.num_types = num_types;
  s.block.ranks = [config = *this, num_types](int64_t width) { return config.ranks_at(width, num_types); };
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
