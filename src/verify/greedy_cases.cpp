// Greedy answers. Letters: P prompt, A answer.
#include <ATen/ATen.h>

#include "generation/greedy.h"
#include "generation/text.h"
#include "util/error.h"
#include "util/fields.h"
#include "verify/family_cases.h"

namespace freeact {
void check_greedy_generation(ReferenceCase& reference) {
  const auto settings = read_fields<GreedySettings>(Json(reference.settings().at("settings")), "settings.");
  // [P], or [1, P] as the prompts of all families are stored.
  const at::Tensor prompt_BP = reference.input("prompt_ids");
  if (prompt_BP.dim() == 2 && prompt_BP.size(0) != 1)
    throw UserError("greedy answers are checked one prompt at a time");
  const std::vector<int64_t> answer_A = generate_greedy(reference.set().model(at::kFloat), ids_of(prompt_BP), settings);
  reference.compare("tokens", at::tensor(answer_A, at::kLong), Tolerance::exact());
}

}  // namespace freeact
