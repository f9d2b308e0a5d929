// A recipe that trains in well under a second, and what two trainings are compared by.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "checkpoint/safetensors.h"
#include "embedded/curve.h"
#include "embedded/puzzle_recipe.h"
#include "util/files.h"

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

inline PuzzleRecipe tiny_recipe() {
  PuzzleRecipe recipe;
  recipe.name = "tiny";
  recipe.seed = 3;
  recipe.network.width = 16;
  recipe.network.heads = 2;
  recipe.network.layers = 1;
  recipe.network.mlp_width = 32;
  recipe.puzzles = {"sudoku", "sort"};
  recipe.schedule.steps = 12;
  recipe.batch_per_puzzle = 4;
  recipe.schedule.save_every = 5;
  recipe.schedule.warm_up_steps = 3;
  return recipe;
}

inline bool all_equal(const TensorMap& a, const TensorMap& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, tensor] : a)
    if (!at::equal(tensor, b.at(name))) return false;
  return true;
}

inline std::string curve_without_times(const std::filesystem::path& out) {
  std::istringstream rows(read_file(out / kCurveFile));
  std::string text;
  for (std::string row; std::getline(rows, row);) {
    Json json = Json::parse(row);
    json.erase("seconds");
    text += json.dump() + "\n";
  }
  return text;
}

}  // namespace freeact
