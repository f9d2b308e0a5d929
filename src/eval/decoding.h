// A model completes the sequences of a task, by the sampler that fits it.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "eval/layout.h"
#include "eval/rows.h"
#include "eval/settings.h"
#include "generation/greedy.h"
#include "model/decoder.h"
#include "tokenizer/tokenizer.h"

namespace freeact {

// Called after every step that writes anything: which sequences a batch holds, and their ids [B, P], padded on the
// left.
using StateObserver = std::function<void(const Rows& rows, const at::Tensor& ids_BP)>;

// The ids of each sequence with its masks filled. Sequences of different lengths share a batch, padded on the left;
// those of different numbers of masks do not, since they take different numbers of steps. Throws UserError when the
// settings do not fit the model.
std::vector<std::vector<int64_t>> complete(const std::vector<TokenSequence>& sequences, const AnswerSettings& settings,
                                           int64_t batch_size, const Decoder& model, const Tokenizer& tokenizer,
                                           uint64_t seed, const StateObserver& observer = nullptr);

// For an autoregressive model; a repetition penalty of 0 is none. Throws UserError on a temperature.
GreedySettings greedy_settings(const AnswerSettings& settings);

// The prompt of each sequence followed by an autoregressive model's greedy answer of at most max_new_tokens.
std::vector<std::vector<int64_t>> continue_greedily(const std::vector<TokenSequence>& sequences,
                                                    const AnswerSettings& settings, const Decoder& model);

}  // namespace freeact
