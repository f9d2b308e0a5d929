// The prompts of all benchmark tasks, where the harnesses' cases are at hand, in shared/ beside the checkout.
#include "verify/task_prompts.h"

#include <gtest/gtest.h>

namespace freeact {
namespace {

namespace fs = std::filesystem;

class TaskPrompts : public testing::TestWithParam<const char*> {};

TEST_P(TaskPrompts, AreThoseOfTheHarnesses) {
  const fs::path root = FREEACT_SOURCE_DIR;
  const fs::path file = root.parent_path() / "shared/golden/tasks" / (std::string(GetParam()) + ".jsonl");
  if (!fs::exists(file)) GTEST_SKIP() << file << " is not here";
  const PromptChecks prompts = check_task_prompts(file, root / "datasets");
  EXPECT_FALSE(prompts.checks.empty() && prompts.skipped.empty());
  for (const auto& check : prompts.checks)
    EXPECT_TRUE(check.passed) << check.case_name << ", " << check.output << ": " << check.note;
}

INSTANTIATE_TEST_SUITE_P(Files, TaskPrompts,
                         testing::Values("gsm8k", "gsm8k_d1", "math500", "humaneval", "mbpp", "sudoku4x4", "countdown",
                                         "chartqa", "docvqa_infovqa", "textvqa", "ocrbench", "pope", "mme",
                                         "multiple_choice", "blindtest"),
                         [](const auto& file) { return std::string(file.param); });

}  // namespace
}  // namespace freeact
