// Training data, drawn afresh at every step: the same step of the same seed always sees the same sequences and masks.
// Letters: B batch, T tokens.
#pragma once

#include <ATen/core/Tensor.h>

#include <set>
#include <string>

#include "eval/puzzles.h"

namespace freeact {

// loss = sum over positions of weight * cross-entropy(prediction, target).
struct TrainingBatch {
  at::Tensor ids_BT;      // int64, some answer positions masked
  at::Tensor targets_BT;  // int64
  at::Tensor weights_BT;  // float32: 1 / (t * answer positions of the batch) where masked, else 0
};

class PuzzleSource {
 public:
  // tokenizer must outlive the source.
  PuzzleSource(const PuzzleKind& kind, const Tokenizer& tokenizer, SequenceIds ids, uint64_t seed);

  // Each answer position is masked with probability t; the t of the batch are stratified over (0, 1). Only the answer
  // is ever masked, as in LLaDA's supervised fine-tuning (Nie et al., 2025, algorithm 2). No sequence is a test item.
  TrainingBatch batch(int64_t step, int64_t size) const;

 private:
  const PuzzleKind& kind_;
  const Tokenizer& tokenizer_;
  const SequenceIds ids_;
  const uint64_t seed_;
  std::set<std::string> test_inputs_;
};

}  // namespace freeact
