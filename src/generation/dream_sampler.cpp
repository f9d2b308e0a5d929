#include "generation/dream_sampler.h"

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

void check_name(const char* kind, const std::string& name, const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), name) == known.end()) throw UserError(unknown_name(kind, name, known));
}

void check_ranges(const DiffusionSettings& s) {
  check_name("alg (unmasking algorithm)", s.alg, {"entropy", "maskgit_plus", "origin", "topk_margin"});
  check_name("confidence", s.confidence, {"raw_logits", "scaled_logits"});
  if (s.steps <= 0) throw UserError("steps must be at least 1, but is {}", s.steps);
  if (!(s.eps >= 0 && s.eps < 1)) throw UserError("eps must be at least 0 and below 1, but is {}", s.eps);
  if (!(s.temperature >= 0)) throw UserError("temperature must be zero or more, but is {}", s.temperature);
  if (!(s.top_p > 0 && s.top_p <= 1))
    throw UserError("top_p must be above 0 and at most 1 (all tokens), but is {}", s.top_p);
  if (s.top_k < 0) throw UserError("top_k must be zero (all tokens) or more, but is {}", s.top_k);
  if (!(s.alg_temp >= 0)) throw UserError("alg_temp must be zero or more, but is {}", s.alg_temp);
  if (s.block_length < 0) throw UserError("block_length must be zero (one block) or more, but is {}", s.block_length);
}

// Only some algorithms rank by a probability, which a threshold can be compared with.
void check_threshold(const DiffusionSettings& s) {
  if (s.acceleration.threshold > 0 && s.alg != "maskgit_plus" && s.alg != "topk_margin")
    throw UserError("acceleration.threshold needs alg maskgit_plus or topk_margin: {} does not rank by a probability",
                    s.alg);
}

// 1 - t[step+1] / t[step], and 1 in the last step. In float32 as in the reference, on whose rounding the counts depend.
float share_of_step(int64_t step, int64_t steps, double eps) {
  if (step == steps - 1) return 1;
  const at::Tensor time = at::linspace(1, eps, steps + 1, at::TensorOptions(at::kFloat));
  return 1 - time[step + 1].item<float>() / time[step].item<float>();
}

at::Tensor remove_beyond_top_p(const at::Tensor& logits_MV, double top_p) {
  const auto [sorted, order] = logits_MV.sort(-1, /*descending=*/true);
  const at::Tensor probability = at::softmax(sorted, -1);
  const at::Tensor crossed = probability.cumsum(-1) > top_p;
  // A token goes when those before it have crossed the threshold; the first one always stays.
  const at::Tensor remove = at::cat({at::zeros_like(crossed.slice(-1, 0, 1)), crossed.slice(-1, 0, -1)}, -1);
  return logits_MV.masked_fill(at::zeros_like(remove).scatter(-1, order, remove), -kInfinity);
}

at::Tensor remove_beyond_top_k(const at::Tensor& logits_MV, int64_t top_k) {
  const at::Tensor highest = std::get<0>(logits_MV.topk(std::min(top_k, logits_MV.size(-1)), -1));
  return logits_MV.masked_fill(logits_MV < highest.slice(-1, -1), -kInfinity);
}

// Logits after temperature and cuts; what is cut has -inf.
at::Tensor cut_logits(const at::Tensor& logits_MV, double temperature, double top_p, int64_t top_k) {
  at::Tensor logits = temperature > 0 ? logits_MV / temperature : logits_MV;
  if (top_p < 1) logits = remove_beyond_top_p(logits, top_p);
  if (top_k > 0) logits = remove_beyond_top_k(logits, top_k);
  return logits;
}

at::Tensor confidence_of(const at::Tensor& logits_MV, const at::Tensor& ids_M, const std::string& alg) {
  if (alg == "topk_margin") {
    const auto best = std::get<1>(logits_MV.topk(2, -1)).unbind(-1);
    return probability_of(logits_MV, best[0]) - probability_of(logits_MV, best[1]);
  }
  if (alg == "entropy") {
    const at::Tensor p_MV = at::softmax(logits_MV, -1);
    return (p_MV * (p_MV + 1e-10).log()).sum(-1);
  }
  return probability_of(logits_MV, ids_M);
}

class DreamRule : public UnmaskRule {
 public:
  explicit DreamRule(const DiffusionSettings& settings) : settings_(settings) {}

  at::Tensor counts(const BlockStep& step) const override {
    const at::Tensor open_B = step.open_BL.sum(-1);
    if (settings_.alg == "origin") return open_B;  // chance decides; any of them may be written
    return diffusion_transfers(open_B, step.index, step.count, settings_.eps);
  }

  PlacePrediction predict(const at::Tensor& logits_MV, const at::Tensor& places_M,
                          const StepNoise& noise) const override {
    const at::Tensor raw = logits_MV.to(at::promote_types(logits_MV.scalar_type(), at::kFloat));
    const at::Tensor cut = cut_logits(raw, settings_.temperature, settings_.top_p, settings_.top_k);
    const at::Tensor ids_M = sample(cut, places_M, noise);
    return {ids_M, confidence_of(settings_.confidence == "raw_logits" ? raw : cut, ids_M, settings_.alg)};
  }

  at::Tensor choose(const at::Tensor& confidence_BL, const at::Tensor& counts_B, const BlockStep& step,
                    const StepNoise& noise) const override {
    if (settings_.alg == "origin")  // each position by itself
      return order_noise(confidence_BL, noise) < share_of_step(step.index, step.count, settings_.eps);
    if (settings_.alg_temp == 0) return highest_positions(confidence_BL, counts_B);
    return highest_positions(confidence_BL / settings_.alg_temp + gumbel(order_noise(confidence_BL, noise)), counts_B);
  }

 private:
  at::Tensor sample(const at::Tensor& logits_MV, const at::Tensor& places_M, const StepNoise& noise) const {
    if (settings_.temperature == 0) return logits_MV.argmax(-1);
    return (logits_MV + gumbel(noise.uniform("token", places_M, logits_MV.size(-1)))).argmax(-1);
  }
  // One number in [0, 1) for every position [B, L].
  static at::Tensor order_noise(const at::Tensor& like_BL, const StepNoise& noise) {
    const at::Tensor places = at::arange(like_BL.numel(), like_BL.options().dtype(at::kLong));
    return noise.uniform("order", places, 1).view(like_BL.sizes());
  }

  const DiffusionSettings& settings_;
};

// Column of the leftmost mask of any row; the length when there is none.
int64_t first_masked_column(const at::Tensor& tokens_BL, int64_t mask_id) {
  const at::Tensor columns = (tokens_BL == mask_id).any(0).nonzero();
  return columns.numel() == 0 ? tokens_BL.size(1) : columns[0][0].item<int64_t>();
}

int64_t block_length_of(const DiffusionSettings& settings, int64_t length) {
  return settings.block_length > 0 ? settings.block_length : std::max<int64_t>(1, length);
}

at::Tensor unmask_from(const Decoder& model, const MaskedSequence& start, int64_t region,
                       const DiffusionSettings& settings, uint64_t seed, const UnmaskObserver& observer,
                       DecodeStatistics* statistics) {
  const int64_t length = start.tokens_BL.size(1) - region;
  check_settings(settings, length);
  BlockPlan plan =
      plan_blocks(length, region, block_length_of(settings, length), settings.steps, "the number of new tokens");
  plan.acceleration = settings.acceleration;
  return unmask_blocks(model, start, plan, DreamRule(settings), seed, observer, statistics);
}

}  // namespace

at::Tensor diffusion_transfers(const at::Tensor& masked_B, int64_t step, int64_t steps, double eps) {
  return (masked_B.to(at::kFloat) * share_of_step(step, steps, eps)).floor().to(at::kLong);
}

at::Tensor cut_probabilities(const at::Tensor& logits_MV, double temperature, double top_p, int64_t top_k) {
  return at::softmax(cut_logits(logits_MV, temperature, top_p, top_k), -1);
}

void check_settings(const DiffusionSettings& settings, int64_t length) {
  check_ranges(settings);
  check_settings(settings.acceleration);
  check_threshold(settings);
  plan_blocks(length, 0, block_length_of(settings, length), settings.steps, "the number of new tokens");
}

at::Tensor unmask(const Decoder& model, const at::Tensor& start_BL, const DiffusionSettings& settings,
                  const at::Tensor& attention_mask_BL, uint64_t seed, const UnmaskObserver& observer,
                  DecodeStatistics* statistics) {
  return unmask_from(model, {start_BL, attention_mask_BL}, first_masked_column(start_BL, model.config.mask_id),
                     settings, seed, observer, statistics);
}

at::Tensor generate(const Decoder& model, const at::Tensor& prompt_BP, const DiffusionSettings& settings,
                    const at::Tensor& prompt_mask_BP, uint64_t seed, const UnmaskObserver& observer,
                    DecodeStatistics* statistics) {
  if (settings.max_new_tokens <= 0)
    throw UserError("max_new_tokens must be at least 1, but is {}", settings.max_new_tokens);
  const MaskedSequence start = append_masks(prompt_BP, prompt_mask_BP, settings.max_new_tokens, model.config.mask_id);
  return unmask_from(model, start, prompt_BP.size(1), settings, seed, observer, statistics);
}

}  // namespace freeact
