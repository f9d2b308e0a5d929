#include "generation/dream_sampler.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <limits>

#include "util/error.h"
#include "util/random.h"
#include "util/suggest.h"

namespace freeact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void check_settings(const DiffusionSettings& s) {
  static const std::vector<std::string> algorithms = {"entropy", "maskgit_plus", "origin", "topk_margin"};
  if (std::find(algorithms.begin(), algorithms.end(), s.alg) == algorithms.end())
    throw UserError(unknown_name("alg (unmasking algorithm)", s.alg, algorithms));
  if (s.steps <= 0) throw UserError("steps must be at least 1, but is {}", s.steps);
  if (!(s.eps >= 0 && s.eps < 1)) throw UserError("eps must be at least 0 and below 1, but is {}", s.eps);
  if (!(s.temperature >= 0)) throw UserError("temperature must be zero or more, but is {}", s.temperature);
  if (!(s.top_p > 0 && s.top_p <= 1))
    throw UserError("top_p must be above 0 and at most 1 (all tokens), but is {}", s.top_p);
  if (s.top_k < 0) throw UserError("top_k must be zero (all tokens) or more, but is {}", s.top_k);
  if (!(s.alg_temp >= 0)) throw UserError("alg_temp must be zero or more, but is {}", s.alg_temp);
}

// Uniform in [0, 1), drawn on the CPU so that a seed means the same on every device.
at::Tensor uniform_like(const at::Tensor& x, at::Generator& generator) {
  return at::rand(x.sizes(), generator, at::TensorOptions(at::kDouble)).to(x.device());
}

// log p + Gumbel noise: the position of the maximum is distributed as p, those of the k highest as k draws from p
// without replacement.
at::Tensor perturb(const at::Tensor& log_p, at::Generator& generator) {
  return log_p.to(at::kDouble) - (-uniform_like(log_p, generator).log()).log();
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

at::Tensor confidence_of(const at::Tensor& p_MV, const at::Tensor& ids_M, const std::string& alg) {
  if (alg == "topk_margin") {
    const auto best = std::get<0>(p_MV.topk(2, -1)).unbind(-1);
    return best[0] - best[1];
  }
  if (alg == "entropy") return (p_MV * (p_MV + 1e-10).log()).sum(-1);
  return p_MV.gather(-1, ids_M.unsqueeze(-1)).squeeze(-1);
}

Prediction predict(const at::Tensor& logits_BLV, const at::Tensor& tokens_BL, const at::Tensor& open_BL,
                   const DiffusionSettings& s, at::Generator& generator) {
  const at::Tensor p_MV = cut_probabilities(logits_BLV.index({open_BL}), s.temperature, s.top_p, s.top_k);
  const at::Tensor ids_M = (s.temperature > 0 ? perturb(p_MV.log(), generator) : p_MV).argmax(-1);
  const at::Tensor confidence_M = confidence_of(p_MV, ids_M, s.alg);
  return {tokens_BL.masked_scatter(open_BL, ids_M),
          at::full(tokens_BL.sizes(), -kInfinity, confidence_M.options()).masked_scatter(open_BL, confidence_M)};
}

at::Tensor choose(const Prediction& p, const at::Tensor& open_BL, int64_t step, const DiffusionSettings& s,
                  at::Generator& generator) {
  if (s.alg == "origin") {  // each position by itself
    const at::Tensor chosen = uniform_like(open_BL, generator) < share_of_step(step, s.steps, s.eps);
    return at::logical_and(open_BL, chosen);
  }
  const at::Tensor counts_B = diffusion_transfers(open_BL.sum(-1), step, s.steps, s.eps);
  if (s.alg_temp == 0) return highest_positions(p.confidence_BL, counts_B);
  return highest_positions(perturb(p.confidence_BL / s.alg_temp, generator), counts_B);
}

}  // namespace

at::Tensor diffusion_transfers(const at::Tensor& masked_B, int64_t step, int64_t steps, double eps) {
  return (masked_B.to(at::kFloat) * share_of_step(step, steps, eps)).floor().to(at::kLong);
}

at::Tensor cut_probabilities(const at::Tensor& logits_MV, double temperature, double top_p, int64_t top_k) {
  at::Tensor logits = temperature > 0 ? logits_MV / temperature : logits_MV;
  if (top_p < 1) logits = remove_beyond_top_p(logits, top_p);
  if (top_k > 0) logits = remove_beyond_top_k(logits, top_k);
  return at::softmax(logits, -1);
}

at::Tensor unmask(const Decoder& model, const at::Tensor& start_BL, const DiffusionSettings& settings,
                  const at::Tensor& attention_mask_BL, uint64_t seed, const UnmaskObserver& observer) {
  const at::NoGradGuard no_grad;
  check_settings(settings);
  auto generator = at::detail::createCPUGenerator(derive_seed(seed, "unmask"));
  at::Tensor tokens = start_BL;
  for (int64_t step = 0; step < settings.steps; ++step) {
    const at::Tensor open = tokens == model.config.mask_id;
    const Prediction p = predict(aligned_logits(model, tokens, attention_mask_BL), tokens, open, settings, generator);
    tokens = at::where(choose(p, open, step, settings, generator), p.ids_BL, tokens);
    if (observer) observer(tokens, p.ids_BL, p.confidence_BL);
  }
  return tokens;
}

at::Tensor generate(const Decoder& model, const at::Tensor& prompt_BP, const DiffusionSettings& settings,
                    const at::Tensor& prompt_mask_BP, uint64_t seed, const UnmaskObserver& observer) {
  if (settings.max_new_tokens <= 0)
    throw UserError("max_new_tokens must be at least 1, but is {}", settings.max_new_tokens);
  const MaskedSequence start = append_masks(prompt_BP, prompt_mask_BP, settings.max_new_tokens, model.config.mask_id);
  return unmask(model, start.tokens_BL, settings, start.attention_mask_BL, seed, observer);
}

}  // namespace freeact
