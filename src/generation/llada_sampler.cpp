#include "generation/llada_sampler.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include <limits>

#include "util/error.h"
#include "util/random.h"

namespace freeact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void check_settings(const UnmaskSettings& s, int64_t length) {
  if (s.block_length <= 0 || length % s.block_length != 0)
    throw UserError("gen_length {} is no multiple of block_length {}", length, s.block_length);
  const int64_t blocks = length / s.block_length;
  if (s.steps <= 0 || s.steps % blocks != 0)
    throw UserError("steps {} is no multiple of the {} blocks (gen_length / block_length)", s.steps, blocks);
  if (s.remasking != "low_confidence" && s.remasking != "random")
    throw UserError("remasking must be low_confidence or random, but is '{}'", s.remasking);
  if (s.temperature < 0) throw UserError("temperature must be zero or more, but is {}", s.temperature);
}

// Gumbel-max in the form of the reference: exp(logits) / (-log u)^temperature in float64.
at::Tensor add_gumbel_noise(const at::Tensor& logits_BLV, double temperature, at::Generator& generator) {
  if (temperature == 0) return logits_BLV;
  const at::Tensor wide = logits_BLV.to(at::kDouble);
  const at::Tensor uniform = at::rand(wide.sizes(), generator, at::TensorOptions(at::kDouble)).to(wide.device());
  return wide.exp() / (-uniform.log()).pow(temperature);
}

Prediction predict(at::Tensor logits_BLV, const UnmaskSettings& s, int64_t eos_id, at::Generator& generator) {
  const auto forbid = [&](int64_t id) {
    logits_BLV = logits_BLV.clone();
    logits_BLV.select(-1, id).fill_(-kInfinity);
  };
  if (s.logits_eos_inf) forbid(eos_id);
  Prediction p;
  p.ids_BL = add_gumbel_noise(logits_BLV, s.temperature, generator).argmax(-1);
  if (s.confidence_eos_eot_inf) {  // after the argmax: an end can still be written when nothing better is left
    forbid(eos_id);
    if (s.eot_id >= 0) forbid(s.eot_id);
  }
  if (s.remasking == "random")
    p.confidence_BL = at::rand(p.ids_BL.sizes(), generator, at::TensorOptions(at::kFloat)).to(logits_BLV.device());
  else
    p.confidence_BL = at::softmax(logits_BLV, -1).gather(-1, p.ids_BL.unsqueeze(-1)).squeeze(-1);
  return p;
}

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
  return halves[1] + (cfg_scale + 1) * (halves[0] - halves[1]);
}

at::Tensor unmask(const Decoder& model, const at::Tensor& start_BL, int64_t region, const UnmaskSettings& settings,
                  const at::Tensor& attention_mask_BL, uint64_t seed, const UnmaskObserver& observer) {
  const at::NoGradGuard no_grad;
  const int64_t length = start_BL.size(1) - region;
  check_settings(settings, length);
  auto generator = at::detail::createCPUGenerator(derive_seed(seed, "unmask"));
  const int64_t mask_id = model.config.mask_id, blocks = length / settings.block_length;
  const at::Tensor given = start_BL != mask_id;
  at::Tensor tokens = start_BL;
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t begin = region + block * settings.block_length, end = begin + settings.block_length;
    const at::Tensor masked = (tokens.slice(1, begin, end) == mask_id).sum(-1);
    const at::Tensor counts = transfers_per_step(masked, settings.steps / blocks);
    for (int64_t step = 0; step < counts.size(1); ++step) {
      Prediction p = predict(guided_logits(model, tokens, given, settings.cfg_scale, attention_mask_BL), settings,
                             model.config.eos_id, generator);
      const at::Tensor open = tokens == mask_id;
      p.ids_BL = at::where(open, p.ids_BL, tokens);
      p.confidence_BL = p.confidence_BL.masked_fill(at::logical_not(open), -kInfinity);
      p.confidence_BL.slice(1, end).fill_(-kInfinity);
      tokens = at::where(highest_positions(p.confidence_BL, counts.select(1, step)), p.ids_BL, tokens);
      if (observer) observer(tokens, p.ids_BL, p.confidence_BL);
    }
  }
  return tokens;
}

at::Tensor generate(const Decoder& model, const at::Tensor& prompt_BP, const UnmaskSettings& settings,
                    const at::Tensor& prompt_mask_BP, uint64_t seed, const UnmaskObserver& observer) {
  const MaskedSequence start = append_masks(prompt_BP, prompt_mask_BP, settings.gen_length, model.config.mask_id);
  return unmask(model, start.tokens_BL, prompt_BP.size(1), settings, start.attention_mask_BL, seed, observer);
}

}  // namespace freeact
