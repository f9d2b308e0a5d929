// A recipe that trains in well under a second.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include "embedded/recipe.h"

namespace freeact {

// An empty folder of the running test's own.
inline std::filesystem::path test_folder() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / "freeact_embedded" / test->test_suite_name() / test->name();
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

inline TrainingRecipe tiny_recipe() {
  TrainingRecipe recipe;
  recipe.name = "tiny";
  recipe.seed = 3;
  recipe.network.width = 16;
  recipe.network.heads = 2;
  recipe.network.layers = 1;
  recipe.network.mlp_width = 32;
  recipe.puzzles = {"sudoku", "sort"};
  recipe.steps = 12;
  recipe.batch_per_puzzle = 4;
  recipe.save_every = 5;
  recipe.warm_up_steps = 3;
  return recipe;
}

}  // namespace freeact
