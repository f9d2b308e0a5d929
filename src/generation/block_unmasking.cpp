#include "generation/block_unmasking.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <limits>

#include "generation/windowed_forward.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

at::Tensor places_of(const at::Tensor& chosen_BL) {
  return chosen_BL.flatten().nonzero().squeeze(-1);
}

class BlockUnmasking {
 public:
  BlockUnmasking(const Decoder& model, const MaskedSequence& start, const BlockPlan& plan, const UnmaskRule& rule,
                 uint64_t seed, const UnmaskObserver& observer, DecodeStatistics& statistics)
      : mask_id_(model.config.mask_id),
        plan_(plan),
        rule_(rule),
        seed_(seed),
        observer_(observer),
        as_published_(observer && !plan.acceleration.enabled()),
        statistics_(statistics),
        forward_(model, start.tokens_BL, start.attention_mask_BL, plan.cfg_scale, plan.acceleration.kv_cache,
                 statistics),
        tokens_BL_(start.tokens_BL) {}

  at::Tensor run() {
    const int64_t length = tokens_BL_.size(1);
    for (int64_t begin = plan_.region; begin < length; begin += plan_.block_length)
      run_block(begin, begin + plan_.block_length);
    return tokens_BL_;
  }

 private:
  void run_block(int64_t begin, int64_t end) {
    BlockStep step;
    step.count = plan_.steps_per_block;
    step.masked_at_start_B = (tokens_BL_.slice(1, begin, end) == mask_id_).sum(-1);
    if (plan_.acceleration.cached()) forward_.begin_block(leftmost_mask(begin), end);
    for (step.index = 0; step.index < step.count; ++step.index, ++steps_begun_) {
      step.open_BL = masks_before(end);
      const bool done = !step.open_BL.any().item<bool>();
      if (done && !as_published_) break;
      run_step(step, begin);
    }
    steps_begun_ += step.count - step.index;  // a step's noise does not depend on those that were left out
  }

  void run_step(const BlockStep& step, int64_t begin) {
    const StepNoise noise(seed_, steps_begun_);
    const at::Tensor counts_B = counts(step);
    const at::Tensor wanted_BL = as_published_ ? tokens_BL_ == mask_id_ : step.open_BL;
    ++statistics_.steps;
    if (!as_published_ && counts_B.max().item<int64_t>() == 0) return;
    Prediction p = predict(wanted_BL, noise);
    p.confidence_BL = p.confidence_BL.masked_fill(at::logical_not(step.open_BL), -kInfinity);
    at::Tensor chosen_BL = rule_.choose(p.confidence_BL, counts_B, step, noise);
    if (plan_.acceleration.threshold > 0) chosen_BL = at::logical_or(chosen_BL, confident(p, begin));
    tokens_BL_ = at::where(at::logical_and(chosen_BL, step.open_BL), p.ids_BL, tokens_BL_);
    if (observer_) observer_(tokens_BL_, p.ids_BL, p.confidence_BL);
  }

  at::Tensor counts(const BlockStep& step) const {
    const at::Tensor counts_B = rule_.counts(step);
    return plan_.acceleration.threshold > 0 ? counts_B.clamp_min(1) : counts_B;
  }

  Prediction predict(const at::Tensor& wanted_BL, const StepNoise& noise) {
    const at::Tensor places_M = places_of(wanted_BL);
    if (places_M.numel() == 0) return {tokens_BL_, at::full(tokens_BL_.sizes(), -kInfinity, tokens_BL_.device())};
    const PlacePrediction p = rule_.predict(forward_.logits(tokens_BL_, places_M), places_M, noise);
    const at::Tensor nothing = at::full(tokens_BL_.sizes(), -kInfinity, p.confidence_M.options());
    return {tokens_BL_.masked_scatter(wanted_BL, p.ids_M), nothing.masked_scatter(wanted_BL, p.confidence_M)};
  }

  // Positions of the block that begins there which parallel unmasking writes at once.
  at::Tensor confident(const Prediction& p, int64_t begin) const {
    at::Tensor above_BL = p.confidence_BL > plan_.acceleration.threshold;
    above_BL.slice(1, 0, begin).fill_(false);
    return above_BL;
  }

  at::Tensor masks_before(int64_t end) const {
    at::Tensor open_BL = tokens_BL_ == mask_id_;
    open_BL.slice(1, end).fill_(false);
    return open_BL;
  }

  // Masks before the block compete with it, so a cached pass has to compute them as well.
  int64_t leftmost_mask(int64_t begin) const {
    const at::Tensor columns = places_of((tokens_BL_.slice(1, 0, begin) == mask_id_).any(0));
    return columns.numel() == 0 ? begin : columns[0].item<int64_t>();
  }

  const int64_t mask_id_;
  const BlockPlan& plan_;
  const UnmaskRule& rule_;
  const uint64_t seed_;
  const UnmaskObserver& observer_;
  const bool as_published_;
  DecodeStatistics& statistics_;
  WindowedForward forward_;
  at::Tensor tokens_BL_;
  int64_t steps_begun_ = 0;
};

}  // namespace

at::Tensor UnmaskRule::choose(const at::Tensor& confidence_BL, const at::Tensor& counts_B, const BlockStep&,
                              const StepNoise&) const {
  return highest_positions(confidence_BL, counts_B);
}

BlockPlan plan_blocks(int64_t length, int64_t region, int64_t block_length, int64_t steps, const char* answer_key) {
  if (block_length <= 0 || length % block_length != 0)
    throw UserError("{} {} is no multiple of block_length {}", answer_key, length, block_length);
  const int64_t blocks = length / block_length;
  if (steps <= 0 || (blocks > 0 && steps % blocks != 0))
    throw UserError("steps {} is no multiple of the {} blocks ({} / block_length)", steps, blocks, answer_key);
  return {region, block_length, steps / std::max<int64_t>(1, blocks), 0, {}};
}

at::Tensor unmask_blocks(const Decoder& model, const MaskedSequence& start, const BlockPlan& plan,
                         const UnmaskRule& rule, uint64_t seed, const UnmaskObserver& observer,
                         DecodeStatistics* statistics) {
  const at::NoGradGuard no_grad;
  if (model.config.mask_id < 0)
    throw UserError("the model ({}) has no mask token to unmask; use greedy decoding", model.config.family);
  DecodeStatistics unused;
  const at::Device home = start.tokens_BL.device();
  UnmaskObserver at_home;
  if (observer)
    at_home = [&](const at::Tensor& tokens_BL, const at::Tensor& ids_BL, const at::Tensor& confidence_BL) {
      observer(tokens_BL.to(home), ids_BL.to(home), confidence_BL.to(home));
    };
  const MaskedSequence there = {on_device(start.tokens_BL, model.device()),
                                on_device(start.attention_mask_BL, model.device())};
  return BlockUnmasking(model, there, plan, rule, seed, at_home, statistics ? *statistics : unused).run().to(home);
}

}  // namespace freeact
