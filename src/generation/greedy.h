// Greedy decoding of autoregressive models.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "model/decoder.h"

namespace freeact {

struct GreedySettings {
  int64_t max_new_tokens = 128;
  double repetition_penalty = 1.0;  // 1: none

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("max_new_tokens", max_new_tokens, "longest answer in tokens");
    visit("repetition_penalty", repetition_penalty, "above 1: tokens that have occurred become less likely; 1: off");
  }
};

// Called with each token as it is chosen.
using TokenObserver = std::function<void(int64_t id)>;

// The answer to a prompt (B = 1), each token the most likely one; ends before a token that ends answers, which is not
// included. Its positions go on behind the prompt's largest.
// Throws UserError when the model is not autoregressive, the prompt is empty or a setting is out of its range.
std::vector<int64_t> generate_greedy(const Decoder& model, const TokenBatch& prompt, const GreedySettings& settings,
                                     const TokenObserver& observer = nullptr);

// Logits [V] in which those of every id that has occurred (once or more) are less likely: divided by the penalty where
// positive, multiplied where negative (Keskar et al., CTRL, 2019, as Hugging Face's repetition_penalty).
at::Tensor penalise_repetition(const at::Tensor& logits_V, const std::vector<int64_t>& occurred, double penalty);

}  // namespace freeact
