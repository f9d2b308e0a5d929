#include "generation/llada_sampler.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "generation/block_unmasking.h"
#include "util/error.h"
#include "util/suggest.h"

namespace freeact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void check_ranges(const UnmaskSettings& s) {
  static const std::vector<std::string> orders = {"low_confidence", "random"};
  if (std::find(orders.begin(), orders.end(), s.remasking) == orders.end())
    throw UserError(unknown_name("remasking (order)", s.remasking, orders));
  if (!(s.temperature >= 0)) throw UserError("temperature must be zero or more, but is {}", s.temperature);
  if (s.acceleration.threshold > 0 && s.remasking == "random")
    throw UserError("acceleration.threshold needs remasking low_confidence: a random order has no confidence");
}

void check_ends(const UnmaskSettings& s, const DecoderConfig& model) {
  if ((s.logits_eos_inf || s.confidence_eos_eot_inf) && model.eos_id < 0)
    throw UserError("logits_eos_inf and confidence_eos_eot_inf need a model with an end-of-sequence token");
  if (s.eot_id >= model.vocabulary_rows)
    throw UserError("eot_id {} is beyond the {} rows of the vocabulary", s.eot_id, model.vocabulary_rows);
}

class LladaRule : public UnmaskRule {
 public:
  LladaRule(const UnmaskSettings& settings, int64_t eos_id) : settings_(settings), eos_id_(eos_id) {}

  at::Tensor counts(const BlockStep& step) const override {
    return transfers_per_step(step.masked_at_start_B, step.count).select(1, step.index);
  }

  PlacePrediction predict(const at::Tensor& logits_MV, const at::Tensor& places_M,
                          const StepNoise& noise) const override {
    at::Tensor logits = logits_MV.to(at::promote_types(logits_MV.scalar_type(), at::kFloat));
    if (settings_.logits_eos_inf) logits = without(logits, eos_id_);
    const at::Tensor ids_M = add_gumbel_noise(logits, places_M, noise).argmax(-1);
    if (settings_.confidence_eos_eot_inf) {  // after the argmax: an end can still be written when all else is
      logits = without(logits, eos_id_);
      if (settings_.eot_id >= 0) logits = without(logits, settings_.eot_id);
    }
    if (settings_.remasking == "random") return {ids_M, noise.uniform("order", places_M, 1).squeeze(-1)};
    return {ids_M, probability_of(logits, ids_M)};
  }

 private:
  static at::Tensor without(const at::Tensor& logits_MV, int64_t id) {
    return logits_MV.index_fill(-1, at::full({1}, id, logits_MV.options().dtype(at::kLong)), -kInfinity);
  }

  // The reference's exp(logits) / (-log u)^temperature, as a logarithm: its maximum is at the same token.
  at::Tensor add_gumbel_noise(const at::Tensor& logits_MV, const at::Tensor& places_M, const StepNoise& noise) const {
    if (settings_.temperature == 0) return logits_MV;
    return logits_MV + settings_.temperature * gumbel(noise.uniform("token", places_M, logits_MV.size(-1)));
  }

  const UnmaskSettings& settings_;
  const int64_t eos_id_;
};

}  // namespace

at::Tensor transfers_per_step(const at::Tensor& masked_B, int64_t steps) {
  const at::Tensor base = masked_B.div(steps, "floor").unsqueeze(-1);
  const at::Tensor rest = masked_B.remainder(steps).unsqueeze(-1);
  return base + (at::arange(steps, masked_B.options()).unsqueeze(0) < rest).to(masked_B.scalar_type());
}

at::Tensor guided_logits(const Decoder& model, const at::Tensor& ids_BL, const at::Tensor& given_BL, double cfg_scale,
                         const at::Tensor& attention_mask_BL) {
  if (cfg_scale == 0) return aligned_logits(model, ids_BL, attention_mask_BL);
  const at::Tensor blind = ids_BL.masked_fill(given_BL, model.config.mask_id);
  const at::Tensor mask =
      attention_mask_BL.defined() ? at::cat({attention_mask_BL, attention_mask_BL}) : attention_mask_BL;
  const auto halves = aligned_logits(model, at::cat({ids_BL, blind}), mask).chunk(2);
  return guide(halves[0], halves[1], cfg_scale);
}

void check_settings(const UnmaskSettings& settings, int64_t length) {
  check_ranges(settings);
  check_settings(settings.acceleration);
  plan_blocks(length, 0, settings.block_length, settings.steps, "gen_length");
}

at::Tensor unmask(const Decoder& model, const at::Tensor& start_BL, int64_t region, const UnmaskSettings& settings,
                  const at::Tensor& attention_mask_BL, uint64_t seed, const UnmaskObserver& observer,
                  DecodeStatistics* statistics) {
  const int64_t length = start_BL.size(1) - region;
  check_settings(settings, length);
  check_ends(settings, model.config);
  BlockPlan plan = plan_blocks(length, region, settings.block_length, settings.steps, "gen_length");
  plan.cfg_scale = settings.cfg_scale;
  plan.acceleration = settings.acceleration;
  return unmask_blocks(model, {start_BL, attention_mask_BL}, plan, LladaRule(settings, model.config.eos_id), seed,
                       observer, statistics);
}

at::Tensor generate(const Decoder& model, const at::Tensor& prompt_BP, const UnmaskSettings& settings,
                    const at::Tensor& prompt_mask_BP, uint64_t seed, const UnmaskObserver& observer,
                    DecodeStatistics* statistics) {
  const MaskedSequence start = append_masks(prompt_BP, prompt_mask_BP, settings.gen_length, model.config.mask_id);
  return unmask(model, start.tokens_BL, prompt_BP.size(1), settings, start.attention_mask_BL, seed, observer,
                statistics);
}

}  // namespace freeact
