// LLaDA's generation and likelihood. Letters: B batch, P prompt, L sequence, N noisy samples.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <map>
#include <regex>

#include "generation/likelihood.h"
#include "generation/llada_sampler.h"
#include "util/fields.h"
#include "verify/diffusion_cases.h"
#include "verify/family_cases.h"

namespace freeact {
namespace {

UnmaskSettings read_settings(ReferenceCase& reference) {
  auto settings = read_fields<UnmaskSettings>(Json(reference.settings().at("settings")), "settings.");
  if (settings.eot_id < 0) settings.eot_id = reference.set().special_id("eot");
  return settings;
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
  check_trajectory(
      reference, settings.gen_length,
      [&](const Decoder& model, const at::Tensor& prompt_BP, const at::Tensor& prompt_mask_BP,
          const UnmaskObserver& observer) { generate(model, prompt_BP, settings, prompt_mask_BP, 0, observer); });
}

// Cross entropy of the masked tokens, weighted by 1 / p_mask and averaged over the samples (LLaDA, equation 6).
void check_llada_likelihood(ReferenceCase& reference) {
  const at::NoGradGuard no_grad;
  const Decoder& model = reference.set().model(at::kFloat);
  const at::Tensor sequence_L = reference.input("seq"), noisy_NL = reference.input("perturbed");
  const at::Tensor p_mask_N = reference.input("p_mask"), masked_NL = noisy_NL == model.config.mask_id;
  const auto prompt_length = reference.input("prompt_len").item<int64_t>();
  const at::Tensor given_NL = (at::arange(sequence_L.size(0)) < prompt_length).expand_as(noisy_NL);
  const Tolerance relative = Tolerance::all_close(reference.set().bound("likelihood_rel", 1e-4), 0);
  for (const auto& [prefix, scale] : guidance_scales(reference.roles())) {
    const NoisyLikelihood score =
        noisy_likelihood(guided_logits(model, noisy_NL, given_NL, scale), sequence_L, masked_NL, p_mask_N);
    reference.compare(prefix + "token_ce", score.token_ce_NL, relative);
    reference.compare(prefix + "sample_nll", score.sample_nll_N, relative);
    reference.compare(prefix + "log_likelihood", -score.sample_nll_N.mean(), relative);
  }
}

}  // namespace freeact
