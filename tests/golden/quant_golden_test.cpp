// The methods against numbers of their reference implementations. A part of these is in the repository; the whole set
// is used where it lies beside the checkout.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "verify/quant_cases.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

// All outputs of the cases pass; says which do not.
void expect_all_pass(const fs::path& folder, const std::string& filter, int at_least) {
  at::set_num_threads(1);
  CheckReport report;
  verify_quant_cases(folder, Filter(filter), report);
  for (const auto& line : report.lines()) EXPECT_TRUE(line.passed) << line_json(line);
  EXPECT_GE(report.passed(), at_least) << "too few outputs were checked: were cases lost?";
  EXPECT_EQ(report.skipped(), 0);
}

class QuantGolden : public testing::TestWithParam<std::pair<const char*, int>> {};

TEST_P(QuantGolden, CommittedPartPasses) {
  expect_all_pass(fs::path(FREEACT_SOURCE_DIR) / "tests/golden/data/quant", GetParam().first, GetParam().second);
}

INSTANTIATE_TEST_SUITE_P(Methods, QuantGolden,
                         testing::Values(std::pair{"^rtn/", 80}, std::pair{"^smoothquant/", 40},
                                         std::pair{"^quarot_hadamard/", 40}, std::pair{"^quarot_model/", 35},
                                         std::pair{"^flatquant_trans/", 45}, std::pair{"^flatquant_linear/", 50},
                                         std::pair{"^flatquant_train/", 90}, std::pair{"^flatquant_block/", 320},
                                         std::pair{"^gptq/", 49}, std::pair{"^freeact/", 90}),
                         [](const auto& one) {
                           std::string name = one.param.first;
                           std::erase_if(name, [](char c) { return c == '^' || c == '/' || c == '_'; });
                           return name;
                         });

TEST(QuantGolden, WholeSetPasses) {
  const fs::path folder = fs::path(FREEACT_SOURCE_DIR) / "../shared/golden/quant";
  if (!fs::exists(folder)) GTEST_SKIP() << "the whole set is not beside this checkout";
  expect_all_pass(folder, "", 1150);
}

TEST(QuantGolden, UnknownCaseFails) {
  CheckReport report;
  const fs::path folder = fs::path(testing::TempDir()) / "unknown_case";
  fs::create_directories(folder);
  fs::copy(fs::path(FREEACT_SOURCE_DIR) / "tests/golden/data/quant/rtn.safetensors", folder / "novel.safetensors",
           fs::copy_options::overwrite_existing);
  std::ofstream(folder / "novel.json") << R"({"method": "novel", "cases": [{"name": "one", "params": {"kind": "x"},
    "inputs": {}, "outputs": {"y": {"tensor": "X", "shape": [2,7,64], "dtype": "float32", "tol": {"kind": "exact"}}}}]})";
  verify_quant_cases(folder, Filter(), report);
  EXPECT_EQ(report.failed(), 1);
  EXPECT_EQ(report.passed(), 0);
}

}  // namespace
}  // namespace freeact
