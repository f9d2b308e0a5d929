// What a decoder reads. Letters: B sequences, T tokens, N tokens whose embedding comes from outside, D width, A rotary
// axes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace freeact {

// Token ids, and what some models need besides. Ids alone are a batch too.
struct TokenBatch {
  at::Tensor ids_BT;           // int64
  at::Tensor features_ND;      // embeddings of the tokens DecoderConfig::feature_id, in reading order; may be undefined
  at::Tensor positions_ABT;    // int64 positions for the rotary embedding; undefined: counted from the left edge
  at::Tensor types_BT;         // int64 token types; undefined: those of the model's rule (Decoder::types)
  at::Tensor roles_BT;         // int64 TokenRole, for rules that ask whose token it is; undefined: unknown
  at::Tensor loss_weights_BT;  // float: how much a token's error counts in training; undefined: all alike

  TokenBatch() = default;
  TokenBatch(at::Tensor ids, at::Tensor features = {}, at::Tensor positions = {})
      : ids_BT(std::move(ids)), features_ND(std::move(features)), positions_ABT(std::move(positions)) {}
  TokenBatch(const std::vector<int64_t>& sequence);

  int64_t length() const { return ids_BT.size(1); }
};

// A sequence (B = 1) with more tokens behind it: an answer, where it has roles. Its positions, where it has any, go on
// behind the largest on all axes.
TokenBatch extended(const TokenBatch& sequence, const std::vector<int64_t>& ids);

// Sequences (B = 1 each) of equal length in a row become batches of at most batch_size sequences.
std::vector<TokenBatch> make_batches(const std::vector<TokenBatch>& sequences, int64_t batch_size);

}  // namespace freeact
