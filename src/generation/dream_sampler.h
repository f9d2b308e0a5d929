// Dream's diffusion sampler (Ye et al., Dream 7B, 2025; DreamLM/Dream, generation_utils): time runs from 1 to eps; at
// every step each row writes its share of the predictions, the most confident first, anywhere in the sequence. Letters:
// B batch, L sequence length, M masked positions of all rows, V vocabulary rows.
#pragma once

#include <cstdint>
#include <string>

#include "generation/unmasking.h"

namespace freeact {

struct DiffusionSettings {
  int64_t max_new_tokens = 128;
  int64_t steps = 128;
  double eps = 1e-3;                         // time at which the diffusion ends
  std::string alg = "entropy";               // or "origin", "maskgit_plus", "topk_margin"
  double temperature = 0.0;                  // of the predicted tokens; 0 takes the argmax
  double top_p = 1.0;                        // 1 keeps all
  int64_t top_k = 0;                         // 0 keeps all
  double alg_temp = 0.0;                     // of the choice of positions; 0 takes the most confident
  int64_t block_length = 0;                  // 0: the whole answer is one block, as published; must divide the answer
  std::string confidence = "scaled_logits";  // or "raw_logits"
  Acceleration acceleration;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("max_new_tokens", max_new_tokens, "answer tokens");
    visit("steps", steps, "denoising steps");
    visit("eps", eps, "time at which the diffusion ends; it starts at 1");
    visit("alg", alg, "origin (random order), maskgit_plus, topk_margin or entropy");
    visit("temperature", temperature, "of the predicted tokens; 0: argmax");
    visit("top_p", top_p, "smallest set of tokens with more than this probability; 1: all tokens");
    visit("top_k", top_k, "tokens kept; 0: all tokens");
    visit("alg_temp", alg_temp, "randomness of the order; 0: most confident first");
    visit("block_length", block_length, "tokens of one semi-autoregressive block; 0: the whole answer");
    visit("confidence", confidence,
          "scaled_logits ranks by the probabilities after temperature, top_p and top_k, raw_logits by those before");
    visit("acceleration", acceleration, "faster, approximate unmasking");
  }
};

// Throws UserError when the settings are out of their ranges or do not fit together for an answer of `length` tokens.
void check_settings(const DiffusionSettings& settings, int64_t length);

// Fills the masked positions of start [B, L]; blocks count from the leftmost masked column. attention_mask [B, L] may
// be undefined. The observer sees the confidence before the noise of alg_temp; origin, which ranks nothing, reports the
// probability of the prediction. Throws UserError when a setting is out of its range.
at::Tensor unmask(const Decoder& model, const at::Tensor& start_BL, const DiffusionSettings& settings,
                  const at::Tensor& attention_mask_BL = {}, uint64_t seed = 0, const UnmaskObserver& observer = nullptr,
                  DecodeStatistics* statistics = nullptr);

// Appends max_new_tokens masks to the prompt [B, P] and unmasks them. prompt_mask [B, P] may be undefined.
at::Tensor generate(const Decoder& model, const at::Tensor& prompt_BP, const DiffusionSettings& settings,
                    const at::Tensor& prompt_mask_BP = {}, uint64_t seed = 0, const UnmaskObserver& observer = nullptr,
                    DecodeStatistics* statistics = nullptr);

// How many of the masked tokens [B] a step writes: floor(n (1 - t[step+1] / t[step])) with `steps` equal intervals of
// time from 1 to eps; the last step writes all. Each row counts its own masks, whatever the others of its batch hold.
at::Tensor diffusion_transfers(const at::Tensor& masked_B, int64_t step, int64_t steps, double eps);

// Probabilities [M, V] of logits [M, V] after temperature (0: none), then top-p (the token that crosses the threshold
// is kept), then top-k. What is cut has probability 0.
at::Tensor cut_probabilities(const at::Tensor& logits_MV, double temperature, double top_p, int64_t top_k);

}  // namespace freeact
