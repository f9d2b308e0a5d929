// Sequences of different lengths in rows of one length, without one seeing another: large products instead of many
// small ones. Letters: B rows, T tokens of a row, M predicted positions of the batch, D width.
#pragma once

#include <cstdint>
#include <vector>

#include "model/decoder.h"

namespace freeact {

// loss = sum over positions of weight * cross-entropy(prediction, target). The first position has weight 0, since a
// model with shifted logits does not predict it.
struct TrainingSequence {
  std::vector<int64_t> ids, targets;
  std::vector<float> weights;
  int64_t source = 0;  // of the data; losses are told apart by it
};

struct PackedBatch {
  at::Tensor ids_BT, positions_BT;  // int64; positions count within each sequence
  at::Tensor sequences_BT;          // int64: number of the sequence in its row, -1 behind the last one
  at::Tensor predicting_M;          // int64: index into [B T] of the position before each predicted one
  at::Tensor targets_M, weights_M, sources_M;
  int64_t tokens = 0;  // padding not counted
};

// First fit, in order. Throws UserError when a sequence is longer than a row.
PackedBatch pack(const std::vector<TrainingSequence>& sequences, int64_t row_tokens, int64_t pad_id);

// For Block::forward: attention within each sequence only.
ForwardContext packed_context(const Decoder& decoder, const PackedBatch& batch);

}  // namespace freeact
