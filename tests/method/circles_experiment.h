// An experiment of a test's own: a tiny model that sees, a calibration set and a task of circles.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "../eval/tiny_vision.h"

namespace freeact {

// The root of a project with the experiment "circles", in a fresh folder of the running test.
inline std::filesystem::path write_circles_experiment(const std::string& folder) {
  namespace fs = std::filesystem;
  const fs::path root =
      fs::path(testing::TempDir()) / folder / testing::UnitTest::GetInstance()->current_test_info()->name();
  fs::remove_all(root);
  fs::create_directories(root);
  fs::copy(fs::path(FREEACT_SOURCE_DIR) / "experiments", root / "experiments", fs::copy_options::recursive);
  write_tiny_vision(root / "model");
  write_circles(root / "datasets/circles");
  write_items(root / "experiments/model/tiny_vision.yaml",
              {"name: tiny_vision", "family: internvl_llama", "path: model"});
  write_items(root / "experiments/task/circles.yaml",
              {"name: circles", "kind: generation", "dataset: circles", "answer_nll: true", "num_items: 4",
               "generation: {chat: true, max_new_tokens: 2}"});
  write_items(root / "experiments/circles.yaml",
              {"description: of this test", "tasks: [circles]", "defaults: [model: tiny_vision]",
               "calibration: {dataset: circles, num_samples: 6}"});
  return root;
}

}  // namespace freeact
