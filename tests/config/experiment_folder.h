// A small experiments folder of a test's own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "config/plan.h"
#include "util/files.h"

namespace freeact {

// Runs the statement and gives the message of its UserError.
template <typename Statement>
std::string user_error(Statement statement) {
  try {
    statement();
  } catch (const UserError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no UserError was thrown";
  return "";
}

class ExperimentFolder : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    dir_ =
        std::filesystem::path(testing::TempDir()) / fmt::format("freeact_{}_{}", test->test_suite_name(), test->name());
    std::filesystem::remove_all(dir_);
    write("config",
          "defaults: [model: tiny, method: rtn, quant: w4a4, calibration: c, backend: simulated]\n"
          "seed: 1\ntasks: [sort]\n");
    write("model/tiny", "name: tiny\npath: models/tiny\nfamily: llada\n");
    write("model/other", "name: other\npath: models/other\nfamily: dream\ndtype: bfloat16\n");
    write("method/none", "name: none\n");
    write("method/rtn", "name: rtn\nw_clip: none\n");
    write("method/freeact", "name: freeact\nepochs: 15\n");
    write("quant/w4a4", "w_bits: 4\na_bits: 4\n");
    write("quant/w3a3", "w_bits: 3\na_bits: 3\n");
    write("calibration/c", "dataset: c\n");
    write("backend/simulated", "name: simulated\n");
    write("task/sort", "name: sort\ndataset: sort\nmetric: exact_match\n");
    write("task/reverse", "name: reverse\ndataset: reverse\nmetric: exact_match\n");
    write("plain", "description: nothing of its own\n");
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  void write(const std::string& name, const std::string& text) const { write_file_atomically(file(name), text); }
  std::filesystem::path file(const std::string& name) const { return dir_ / (name + ".yaml"); }

  std::vector<Cell> plan(const std::string& experiment, const std::vector<std::string>& overrides = {},
                         bool multirun = false) const {
    return plan_experiment(dir_, experiment, overrides, multirun);
  }
  Cell single(const std::string& experiment, const std::vector<std::string>& overrides = {}) const {
    const auto cells = plan(experiment, overrides);
    EXPECT_EQ(cells.size(), 1u);
    return cells.at(0);
  }
  std::string refusal(const std::string& experiment, const std::vector<std::string>& overrides = {}) const {
    return user_error([&] { plan(experiment, overrides); });
  }
  // "experiments/x.yaml:3: "
  std::string at(const std::string& name, int line) const { return fmt::format("{}:{}: ", file(name).string(), line); }

  std::filesystem::path dir_;
};

}  // namespace freeact
