// From a recipe to the folder of an embedded model.
#pragma once

#include <filesystem>
#include <string>

#include "embedded/curve.h"

namespace freeact {

// Trains and writes a Hugging Face folder in LLaDA's form: config.json, model.safetensors (bfloat16), the tokenizer's
// files and README.md, a model card with the exact match measured on the test sets. A killed training goes on from
// out_dir/progress; a folder that already holds the recipe's model is left as it is. Throws UserError when the recipe
// is wrong or out_dir holds another recipe's progress or model.
//
// A recipe with `kind: adapter` gives adapter.safetensors (bfloat16) and README.md.
//
// `kind: vision_tower` gives tower.safetensors, which a recipe of `kind: vision_adapter` starts from; that one gives
// adapter.safetensors.
//
// All give curve.jsonl, whose rows (see run_training() and training_of()) on_row gets, too; an adapter's and a tower's
// also when it was finished before. The last row of a model trained from scratch comes again with what was measured on
// the test sets.
void train_recipe(const std::filesystem::path& recipe_file, const std::filesystem::path& out_dir, bool quiet,
                  const CurveListener& on_row = {});

// Writes the model that an adapter makes of the base its recipe names (see merge_adapter() and
// merge_vision_adapter()). Throws UserError when the base is missing or the adapter is of another recipe.
void merge_recipe(const std::filesystem::path& recipe_file, const std::filesystem::path& adapter_file,
                  const std::filesystem::path& out_dir);

}  // namespace freeact
