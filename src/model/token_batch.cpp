#include "model/token_batch.h"

#include <ATen/ATen.h>

namespace freeact {
namespace {

// Undefined when none of the tensors is defined; parts without one have nothing to add.
at::Tensor join(const std::vector<TokenBatch>& parts, at::Tensor TokenBatch::*member, int64_t dimension) {
  std::vector<at::Tensor> tensors;
  for (const auto& part : parts)
    if ((part.*member).defined()) tensors.push_back(part.*member);
  return tensors.empty() ? at::Tensor() : at::cat(tensors, dimension);
}

TokenBatch join(const std::vector<TokenBatch>& parts) {
  return {join(parts, &TokenBatch::ids_BT, 0), join(parts, &TokenBatch::features_ND, 0),
          join(parts, &TokenBatch::positions_ABT, 1)};
}

bool can_join(const TokenBatch& a, const TokenBatch& b) {
  return a.length() == b.length() && a.positions_ABT.defined() == b.positions_ABT.defined();
}

}  // namespace

TokenBatch::TokenBatch(const std::vector<int64_t>& sequence) : ids_BT(at::tensor(sequence, at::kLong).unsqueeze(0)) {}

TokenBatch extended(const TokenBatch& sequence, const std::vector<int64_t>& ids) {
  const at::Tensor more_BT = at::tensor(ids, sequence.ids_BT.options()).unsqueeze(0);
  TokenBatch longer = {at::cat({sequence.ids_BT, more_BT}, 1), sequence.features_ND, sequence.positions_ABT};
  if (!longer.positions_ABT.defined()) return longer;
  const at::Tensor& known_ABT = sequence.positions_ABT;
  const auto next = known_ABT.max().item<int64_t>() + 1;
  const at::Tensor behind_T = at::arange(next, next + std::ssize(ids), known_ABT.options());
  longer.positions_ABT = at::cat({known_ABT, behind_T.expand({known_ABT.size(0), 1, -1})}, 2);
  return longer;
}

std::vector<TokenBatch> make_batches(const std::vector<TokenBatch>& sequences, int64_t batch_size) {
  std::vector<TokenBatch> batches, open;
  const auto close = [&] {
    if (!open.empty()) batches.push_back(join(open));
    open.clear();
  };
  for (const auto& sequence : sequences) {
    const bool fits = open.empty() || can_join(open.front(), sequence);
    if (!fits || static_cast<int64_t>(open.size()) == batch_size) close();
    open.push_back(sequence);
  }
  close();
  return batches;
}

}  // namespace freeact
