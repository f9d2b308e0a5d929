#include "generation/text.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "util/error.h"

namespace freeact {

std::vector<int64_t> ids_of(const at::Tensor& sequence) {
  const at::Tensor ids = sequence.to(at::kCPU, at::kLong).contiguous();
  return {ids.const_data_ptr<int64_t>(), ids.const_data_ptr<int64_t>() + ids.numel()};
}

PaddedPrompts pad_left(const std::vector<std::vector<int64_t>>& prompts, int64_t pad_id) {
  if (prompts.empty()) throw UserError("there is no prompt to generate from");
  const auto shorter = [](const auto& a, const auto& b) { return a.size() < b.size(); };
  const auto [shortest, longest] = std::minmax_element(prompts.begin(), prompts.end(), shorter);
  const bool padded = shortest->size() != longest->size();
  if (padded && pad_id < 0)
    throw UserError("prompts of {} to {} tokens need padding, but the model has no pad token; run them one by one",
                    shortest->size(), longest->size());
  std::vector<at::Tensor> ids, masks;
  for (const auto& prompt : prompts) {
    const auto pads = static_cast<int64_t>(longest->size() - prompt.size());
    ids.push_back(at::cat({at::full({pads}, pad_id, at::kLong), at::tensor(prompt, at::kLong)}));
    masks.push_back((at::arange(ids.back().size(0)) >= pads).to(at::kLong));
  }
  return {at::stack(ids), padded ? at::stack(masks) : at::Tensor()};
}

}  // namespace freeact
