#include "eval/unmasking_order.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "generation/text.h"

namespace freeact {

void UnmaskingOrder::observe(const at::Tensor& ids_BP) {
  if (!written_at_BP_.defined()) written_at_BP_ = at::full_like(ids_BP, -1);
  const at::Tensor is_new_BP = at::logical_and(written_at_BP_ < 0, ids_BP != mask_id_);
  written_at_BP_ = written_at_BP_.masked_fill(is_new_BP, steps_++);
}

std::vector<int64_t> UnmaskingOrder::of_answer(size_t row, const TokenSequence& sequence) const {
  const size_t end = std::min(sequence.answer_end, sequence.masked.size());
  std::vector<int64_t> order(end - sequence.answer_begin, -1);
  if (!written_at_BP_.defined()) return order;
  const int64_t pads = written_at_BP_.size(1) - std::ssize(sequence.masked);
  const auto written_at = ids_of(written_at_BP_[static_cast<int64_t>(row)].slice(0, pads));
  for (size_t i = sequence.answer_begin; i < end; ++i)
    if (sequence.masked[i] == mask_id_) order[i - sequence.answer_begin] = written_at[i];
  return order;
}

}  // namespace freeact
