// LLaDA's generation and likelihood. Letters: S steps, B batch, L sequence, N noisy samples, V vocabulary rows.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <map>
#include <regex>

#include "generation/llada_sampler.h"
#include "util/error.h"
#include "util/fields.h"
#include "verify/family_cases.h"

namespace freeact {
namespace {

UnmaskSettings read_settings(ReferenceCase& reference) {
  auto settings = read_fields<UnmaskSettings>(Json(reference.settings().at("settings")), "settings.");
  if (settings.eot_id < 0) settings.eot_id = reference.set().special_id("eot");
  return settings;
}

struct Likelihood {
  at::Tensor token_ce_NL, sample_nll_N, log_likelihood;
};

// Cross entropy of the masked tokens, weighted by 1 / p_mask and averaged over the samples (LLaDA, equation 6).
Likelihood score_noisy(const Decoder& model, const at::Tensor& sequence_L, int64_t prompt_length,
                       const at::Tensor& noisy_NL, const at::Tensor& p_mask_N, double cfg_scale) {
  const at::NoGradGuard no_grad;
  const at::Tensor given_NL = (at::arange(sequence_L.size(0)) < prompt_length).expand_as(noisy_NL);
  const at::Tensor logits_NLV = guided_logits(model, noisy_NL, given_NL, cfg_scale);
  const at::Tensor target_NL = sequence_L.expand_as(noisy_NL);
  const at::Tensor ce_NL = at::cross_entropy_loss(logits_NLV.transpose(1, 2), target_NL, {}, at::Reduction::None);
  Likelihood score;
  score.token_ce_NL = ce_NL.masked_fill(noisy_NL != model.config.mask_id, 0);
  score.sample_nll_N = score.token_ce_NL.sum(-1) / p_mask_N;
  score.log_likelihood = -score.sample_nll_N.mean();
  return score;
}

// Guidance scales the case has outputs for, by the prefix of their names: "" is 0, "cfg0.5." is 0.5.
std::map<std::string, double> guidance_scales(const std::vector<std::string>& roles) {
  static const std::regex pattern(R"((cfg(\d+(?:\.\d+)?)\.)?(token_ce|sample_nll|log_likelihood))");
  std::map<std::string, double> scales;
  for (const auto& role : roles)
    if (std::smatch match; std::regex_match(role, match, pattern))
      scales[match[1]] = match[2].matched ? std::stod(match[2]) : 0.0;
  return scales;
}

}  // namespace

void check_llada_generation(ReferenceCase& reference) {
  const UnmaskSettings settings = read_settings(reference);
  const Decoder& model = reference.set().model(at::kFloat);
  const at::Tensor prompt_BP = reference.input("prompt_ids");
  const at::Tensor answer = at::full({prompt_BP.size(0), settings.gen_length}, model.config.mask_id, at::kLong);
  std::vector<at::Tensor> tokens = {at::cat({prompt_BP, answer}, 1)}, predicted, confidence;
  generate(model, prompt_BP, settings, reference.optional_input("attention_mask"), 0,
           [&](const at::Tensor& tokens_BL, const at::Tensor& predicted_BL, const at::Tensor& confidence_BL) {
             tokens.push_back(tokens_BL);
             predicted.push_back(predicted_BL);
             confidence.push_back(confidence_BL);
           });
  const double bound = reference.set().bound("confidence_max_abs", 1e-4);
  reference.compare("tokens", at::stack(tokens), Tolerance::exact());
  reference.compare("x0", at::stack(predicted), Tolerance::exact());
  reference.compare("confidence", at::stack(confidence), Tolerance::all_close(0, bound));
}

void check_llada_likelihood(ReferenceCase& reference) {
  const at::Tensor sequence_L = reference.input("seq"), noisy_NL = reference.input("perturbed");
  const at::Tensor p_mask_N = reference.input("p_mask");
  const auto prompt_length = reference.input("prompt_len").item<int64_t>();
  const Tolerance relative = Tolerance::all_close(reference.set().bound("likelihood_rel", 1e-4), 0);
  for (const auto& [prefix, scale] : guidance_scales(reference.roles())) {
    const Likelihood score =
        score_noisy(reference.set().model(at::kFloat), sequence_L, prompt_length, noisy_NL, p_mask_N, scale);
    reference.compare(prefix + "token_ce", score.token_ce_NL, relative);
    reference.compare(prefix + "sample_nll", score.sample_nll_N, relative);
    reference.compare(prefix + "log_likelihood", score.log_likelihood, relative);
  }
}

}  // namespace freeact
