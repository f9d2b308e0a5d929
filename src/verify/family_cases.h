// What each model family's stored cases are checked by. A new family adds its line to the table in family_cases.cpp.
#pragma once

#include <string>
#include <vector>

#include "verify/reference_set.h"

namespace freeact {

using FamilyCheck = void (*)(ReferenceCase& reference);

// By the family and the case's "kind" in io.json. Throws UserError naming what is known when there is none.
FamilyCheck find_family_check(const std::string& family, const std::string& kind);

// Stored outputs that belong to no case: tensors whose names begin so ("image." with the word behind it), or an object
// of io.json of that name.
struct GroupCheck {
  std::string name;
  FamilyCheck check;
};
const std::vector<GroupCheck>& group_checks(const std::string& family);

// Any decoder: logits, hidden states after every block, inputs and outputs of every linear, queries and keys after the
// rotary embedding. A bfloat16 case is held to the mean difference and the predicted tokens.
void check_forward(ReferenceCase& reference);

// LLaDA's unmasking step by step, and its Monte Carlo likelihood on stored noisy sequences.
void check_llada_generation(ReferenceCase& reference);
void check_llada_likelihood(ReferenceCase& reference);

// Dream's diffusion step by step, and its likelihood, by Monte Carlo on stored noisy sequences and from left to right.
void check_dream_generation(ReferenceCase& reference);
void check_dream_likelihood(ReferenceCase& reference);

// The greedy answer of an autoregressive model, token by token.
void check_greedy_generation(ReferenceCase& reference);

}  // namespace freeact
