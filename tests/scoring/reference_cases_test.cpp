// All cases of the harnesses, where they are at hand, in shared/ beside the checkout.
#include "scoring/reference_cases.h"

#include <gtest/gtest.h>

#include "sandbox/sandbox.h"
#include "scoring/algebra.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

fs::path task_cases() {
  return fs::path(FREEACT_SOURCE_DIR).parent_path() / "shared" / "golden" / "tasks";
}

// What the rules of a file need besides.
std::string obstacle(const std::string& file) {
  if (file == "math500") return algebra_obstacle();
  return file == "humaneval" || file == "mbpp" ? sandbox_obstacle() : "";
}

class ReferenceCases : public testing::TestWithParam<const char*> {};

TEST_P(ReferenceCases, AreScoredAsTheHarnessesDo) {
  const fs::path file = task_cases() / (std::string(GetParam()) + ".jsonl");
  if (!fs::exists(file)) GTEST_SKIP() << file << " is not here";
  if (!obstacle(GetParam()).empty()) GTEST_SKIP() << obstacle(GetParam());
  const auto checks = check_task_cases(file);
  EXPECT_FALSE(checks.empty());
  for (const auto& check : checks)
    EXPECT_TRUE(check.passed) << check.case_name << ", " << check.output << ": " << check.note;
}

INSTANTIATE_TEST_SUITE_P(Files, ReferenceCases,
                         testing::Values("gsm8k", "gsm8k_d1", "sudoku4x4", "countdown", "humaneval", "mbpp", "math500",
                                         "pope", "mme", "ocrbench", "blindtest", "textvqa", "chartqa", "docvqa_infovqa",
                                         "multiple_choice"),
                         [](const auto& file) { return std::string(file.param); });

}  // namespace
}  // namespace freeact
