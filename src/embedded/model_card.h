// The README.md of an embedded model.
#pragma once

#include <string>
#include <vector>

#include "embedded/adapter_recipe.h"
#include "embedded/puzzle_recipe.h"
#include "util/fields.h"

namespace freeact {

struct PuzzleAccuracy {
  std::string puzzle;
  double exact_match = 0, standard_error = 0;  // %
  int64_t count = 0;
};

std::string model_card(const PuzzleRecipe& recipe, double training_seconds,
                       const std::vector<PuzzleAccuracy>& accuracies);

// last_row: of the training curve.
std::string adapter_card(const AdapterRecipe& recipe, const Json& last_row);

}  // namespace freeact
