// In which step a sampler wrote which token. Letters: B batch, P sequence length.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "eval/layout.h"

namespace freeact {

class UnmaskingOrder {
 public:
  explicit UnmaskingOrder(int64_t mask_id) : mask_id_(mask_id) {}

  // The ids [B, P], padded on the left, after each step.
  void observe(const at::Tensor& ids_BP);
  int64_t steps() const { return steps_; }

  // The step, from 0, that wrote each token of the answer of a row, which began as this sequence; -1 for tokens that
  // were given and for masks that were left.
  std::vector<int64_t> of_answer(size_t row, const TokenSequence& sequence) const;

 private:
  int64_t mask_id_, steps_ = 0;
  at::Tensor written_at_BP_;
};

}  // namespace freeact
