// A network trained from scratch on puzzles.
#pragma once

#include <filesystem>

#include "embedded/puzzle_recipe.h"
#include "embedded/training_run.h"

namespace freeact {

// Gives model.safetensors, the tensors of new_network() under their published names; its losses are by puzzle, in nats.
// folder: of the model, where making the trainee writes the tokenizer's files.
Training training_of(const PuzzleRecipe& recipe, const std::filesystem::path& folder);

}  // namespace freeact
