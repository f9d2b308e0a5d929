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

// Batches of at most batch_size rows with the same number of masks, so that no row waits for another one that takes
// more steps; the shorter ones first, so that few pads are needed.
std::vector<Rows> batches_of(const std::vector<TokenSequence>& sequences, int64_t mask_id, int64_t batch_size);

// The ids of each row of one such batch with its masks filled; what is random derives from the seed and the first row.
std::vector<std::vector<int64_t>> complete_batch(const std::vector<TokenSequence>& sequences, const Rows& rows,
                                                 const AnswerSettings& settings, const Decoder& model,
                                                 const Tokenizer& tokenizer, uint64_t seed,
                                                 const StateObserver& observer = nullptr);

// The ids of each sequence with its masks filled. Sequences of different lengths share a batch, padded on the left;
// those of different numbers of masks do not, since they take different numbers of steps. Throws UserError when the
// settings do not fit the model.
std::vector<std::vector<int64_t>> complete(const std::vector<TokenSequence>& sequences, const AnswerSettings& settings,
                                           int64_t batch_size, const Decoder& model, const Tokenizer& tokenizer,
                                           uint64_t seed, const StateObserver& observer = nullptr);

// For an autoregressive model; a repetition penalty of 0 is none. Throws UserError on a temperature.
GreedySettings greedy_settings(const AnswerSettings& settings);

}  // namespace freeact
