// Greedy answers. Letters: P prompt, A answer.
#include <ATen/ATen.h>

#include "generation/greedy.h"
#include "util/error.h"
#include "util/fields.h"
#include "verify/family_cases.h"

namespace freeact {
namespace {

// ids: int64 [P], or [1, P] as the prompts of all families are stored.
std::vector<int64_t> to_ids(const at::Tensor& ids) {
  const at::Tensor flat = ids.reshape({-1}).contiguous();
  return {flat.const_data_ptr<int64_t>(), flat.const_data_ptr<int64_t>() + flat.numel()};
}

}  // namespace

void check_greedy_generation(ReferenceCase& reference) {
  const auto settings = read_fields<GreedySettings>(Json(reference.settings().at("settings")), "settings.");
  const at::Tensor prompt_BP = reference.input("prompt_ids");
  if (prompt_BP.dim() == 2 && prompt_BP.size(0) != 1)
    throw UserError("greedy answers are checked one prompt at a time");
  const std::vector<int64_t> answer_A = generate_greedy(reference.set().model(at::kFloat), to_ids(prompt_BP), settings);
  reference.compare("tokens", at::tensor(answer_A, at::kLong), Tolerance::exact());
}

}  // namespace freeact
