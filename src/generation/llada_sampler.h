// LLaDA's semi-autoregressive unmasking (ML-GSAI/LLaDA, generate.py): the answer is split into blocks; at every step
// the whole sequence is run and the most confident predictions of the current block are written. Letters: B batch, L
// sequence length, V vocabulary rows.
#pragma once

#include <cstdint>
#include <string>

#include "generation/unmasking.h"

namespace freeact {

struct UnmaskSettings {
  int64_t gen_length = 128;
  int64_t block_length = 128;                // must divide gen_length
  int64_t steps = 128;                       // over all blocks; must be a multiple of the number of blocks
  double temperature = 0.0;                  // Gumbel noise; 0 takes the argmax
  double cfg_scale = 0.0;                    // classifier-free guidance
  std::string remasking = "low_confidence";  // or "random"
  bool logits_eos_inf = false;               // eos can never be predicted
  bool confidence_eos_eot_inf = false;       // eos and eot are written last
  int64_t eot_id = -1;                       // needed by confidence_eos_eot_inf
  Acceleration acceleration;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("gen_length", gen_length, "answer tokens");
    visit("block_length", block_length, "tokens of one semi-autoregressive block");
    visit("steps", steps, "denoising steps over all blocks");
    visit("temperature", temperature, "Gumbel noise; 0: argmax");
    visit("cfg_scale", cfg_scale, "classifier-free guidance");
    visit("remasking", remasking, "low_confidence or random");
    visit("logits_eos_inf", logits_eos_inf, "never predict the end of sequence");
    visit("confidence_eos_eot_inf", confidence_eos_eot_inf, "write ends of sequence and turn last");
    visit("eot_id", eot_id, "id of the end-of-turn token");
    visit("acceleration", acceleration, "faster, approximate unmasking");
  }
};

// Throws UserError when the settings are out of their ranges or do not fit together for an answer of `length` tokens.
void check_settings(const UnmaskSettings& settings, int64_t length);

// Fills the masked positions of start [B, L], block by block from column `region` on. As in the reference, a mask
// before the region competes with those of the present block; what a block leaves open stays masked. attention_mask [B,
// L] may be undefined. Throws UserError when the settings do not fit together.
at::Tensor unmask(const Decoder& model, const at::Tensor& start_BL, int64_t region, const UnmaskSettings& settings,
                  const at::Tensor& attention_mask_BL = {}, uint64_t seed = 0, const UnmaskObserver& observer = nullptr,
                  DecodeStatistics* statistics = nullptr);

// Appends gen_length masks to the prompt [B, P] and unmasks them. prompt_mask [B, P] may be undefined.
at::Tensor generate(const Decoder& model, const at::Tensor& prompt_BP, const UnmaskSettings& settings,
                    const at::Tensor& prompt_mask_BP = {}, uint64_t seed = 0, const UnmaskObserver& observer = nullptr,
                    DecodeStatistics* statistics = nullptr);

// Logits with classifier-free guidance: un + (scale + 1)(cond - un), where `un` sees every position of `given` [B, L]
// (bool) as masked. scale 0 is the plain forward pass.
at::Tensor guided_logits(const Decoder& model, const at::Tensor& ids_BL, const at::Tensor& given_BL, double cfg_scale,
                         const at::Tensor& attention_mask_BL = {});

// How many tokens each step writes: n / steps each, the first n % steps one more; [B, steps] for counts [B].
at::Tensor transfers_per_step(const at::Tensor& masked_B, int64_t steps);

}  // namespace freeact
