#include "method/freeact/freeact_plus.h"

#include <ATen/ATen.h>

namespace freeact {

void FreeActPlusConfig::check() const {
  LearningConfig::check();
  parse_mean(type_mean);
  parse_branch(branch);
  parse_branch_directions(branch_directions);
  if (!(branch_fraction >= 0 && branch_fraction <= 0.5))
    throw UserError("key 'method.branch_fraction' must lie in [0, 0.5], but is {}", branch_fraction);
}

LearningSettings FreeActPlusConfig::settings(int64_t num_types) const {
  LearningSettings s = LearningConfig::settings();
  s.block.num_types = num_types;
  s.mean = parse_mean(type_mean);
  return s;
}

CalibratedBlock FreeActPlus::calibrate(const Block& block, const std::vector<BlockBatch>& batches,
                                       const DecoderConfig& config) const {
  LearningSettings settings = config_.settings(static_cast<int64_t>(config.token_types.size()));
  const BranchSettings branch = {parse_branch(config_.branch), parse_branch_directions(config_.branch_directions),
                                 config_.branch_fraction};
  settings.before_training = [&](const LearnedBlock& learned) {
    add_branches(learned, block, batches, config, branch, context_.seed);
  };
  return learn_block(block, batches, config, context_.quant, settings, context_.seed);
}

MethodEntry freeact_plus_entry() {
  return method_entry<FreeActPlus, FreeActPlusConfig>("freeact_plus", "FreeAct+",
                                                      "beyond the paper: means and 16-bit directions per token type");
}

}  // namespace freeact
