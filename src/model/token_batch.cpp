#include "model/token_batch.h"

#include <ATen/ATen.h>

#include "model/token_type_rule.h"

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
  TokenBatch whole = {join(parts, &TokenBatch::ids_BT, 0), join(parts, &TokenBatch::features_ND, 0),
                      join(parts, &TokenBatch::positions_ABT, 1)};
  whole.types_BT = join(parts, &TokenBatch::types_BT, 0);
  whole.roles_BT = join(parts, &TokenBatch::roles_BT, 0);
  whole.loss_weights_BT = join(parts, &TokenBatch::loss_weights_BT, 0);
  return whole;
}

bool can_join(const TokenBatch& a, const TokenBatch& b) {
  const auto alike = [&](at::Tensor TokenBatch::*member) { return (a.*member).defined() == (b.*member).defined(); };
  return a.length() == b.length() && alike(&TokenBatch::positions_ABT) && alike(&TokenBatch::types_BT) &&
         alike(&TokenBatch::roles_BT) && alike(&TokenBatch::loss_weights_BT);
}

}  // namespace

TokenBatch::TokenBatch(const std::vector<int64_t>& sequence) : ids_BT(at::tensor(sequence, at::kLong).unsqueeze(0)) {}

TokenBatch extended(const TokenBatch& sequence, const std::vector<int64_t>& ids) {
  const at::Tensor more_BT = at::tensor(ids, sequence.ids_BT.options()).unsqueeze(0);
  TokenBatch longer = {at::cat({sequence.ids_BT, more_BT}, 1), sequence.features_ND, sequence.positions_ABT};
  if (sequence.roles_BT.defined())
    longer.roles_BT = at::cat({sequence.roles_BT, at::full_like(more_BT, static_cast<int64_t>(TokenRole::kAnswer))}, 1);
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
