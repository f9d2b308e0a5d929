// Dream's generation and likelihood. Letters: C continuation, L sequence, N noisy samples, V vocabulary rows.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "generation/dream_sampler.h"
#include "generation/likelihood.h"
#include "util/fields.h"
#include "verify/diffusion_cases.h"
#include "verify/family_cases.h"

namespace freeact {
namespace {

// The published code says null where a setting is off, which is what our defaults say.
DiffusionSettings read_settings(const nlohmann::json& json) {
  Json set = Json::object();
  for (const auto& [key, value] : json.items())
    if (!value.is_null()) set[key] = value;
  return read_fields<DiffusionSettings>(set, "settings.");
}

// -log p of the continuation from left to right: each token is predicted with all from it on masked. Needs no
// randomness.
at::Tensor autoregressive_nll(const Decoder& model, const at::Tensor& sequence_L, int64_t prompt_length) {
  const at::Tensor place_L = at::arange(sequence_L.size(0)), place_C = place_L.slice(0, prompt_length);
  const at::Tensor masked_CL = place_L.unsqueeze(0) >= place_C.unsqueeze(1);
  const at::Tensor logits_CLV =
      aligned_logits(model, at::where(masked_CL, model.config.mask_id, sequence_L.unsqueeze(0)));
  const at::Tensor rows_CV = logits_CLV.index({at::arange(place_C.size(0)), place_C});
  return at::cross_entropy_loss(rows_CV, sequence_L.slice(0, prompt_length), {}, at::Reduction::Sum);
}

}  // namespace

void check_dream_generation(ReferenceCase& reference) {
  const DiffusionSettings settings = read_settings(reference.settings().at("settings"));
  check_trajectory(
      reference, settings.max_new_tokens,
      [&](const Decoder& model, const at::Tensor& prompt_BP, const at::Tensor& prompt_mask_BP,
          const UnmaskObserver& observer) { generate(model, prompt_BP, settings, prompt_mask_BP, 0, observer); });
}

void check_dream_likelihood(ReferenceCase& reference) {
  const at::NoGradGuard no_grad;
  const Decoder& model = reference.set().model(at::kFloat);
  const at::Tensor sequence_L = reference.input("seq"), noisy_NL = reference.input("perturbed");
  const NoisyLikelihood score = noisy_likelihood(aligned_logits(model, noisy_NL), sequence_L,
                                                 noisy_NL == model.config.mask_id, reference.input("p_mask"));
  const Tolerance relative = Tolerance::all_close(reference.set().bound("likelihood_rel", 1e-4), 0);
  reference.compare("token_ce", score.token_ce_NL, relative);
  reference.compare("sample_nll", score.sample_nll_N, relative);
  reference.compare("nll_mc", score.sample_nll_N.mean(), relative);
  const auto prompt_length = reference.input("prompt_len").item<int64_t>();
  reference.compare("nll_ar_ftb", autoregressive_nll(model, sequence_L, prompt_length), relative);
}

}  // namespace freeact
