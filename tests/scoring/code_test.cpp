#include <gtest/gtest.h>

#include "sandbox/sandbox.h"
#include "scoring/reachable_code.h"
#include "scoring/scorer.h"

namespace freeact {
namespace {

using nlohmann::json;

class CodeTasks : public testing::Test {
 protected:
  void SetUp() override {
    if (!sandbox_obstacle().empty()) GTEST_SKIP() << sandbox_obstacle();
  }
  double score(const std::string& rule, const std::string& response) const {
    return find_scorer(rule).score(document_, response).score.value();
  }
  const json document_ = {{"prompt", "def twice(x):\n    \"\"\"2 x\"\"\"\n"},
                          {"entry_point", "twice"},
                          {"test", "def check(f):\n    assert f(2) == 4"},
                          {"test_list", {"assert twice(2) == 4", "assert twice(3) == 6"}}};
};

TEST_F(CodeTasks, HumanEvalContinuesThePrompt) {
  EXPECT_EQ(score("lm-eval/humaneval", "    return 2 * x\n"), 1);
  EXPECT_EQ(score("lm-eval/humaneval", "    return 3 * x\n"), 0);
  EXPECT_EQ(score("lm-eval/humaneval", "    return 2 * x\n```"), 0);
  EXPECT_EQ(score("lm-eval/humaneval_instruct", "    return 2 * x\n```\nDone."), 1);
}

TEST_F(CodeTasks, NoprefixKeepsWhatTheFunctionNeeds) {
  EXPECT_EQ(score("qdlm/humaneval_instruct_noprefix", "def twice(x):\n    return 2 * x\n\nassert False"), 1);
  EXPECT_EQ(score("qdlm/humaneval_instruct_noprefix", "Well:\n```python\ndef twice(x):\n    return x + x\n```"), 1);
}

TEST_F(CodeTasks, MbppRunsAllAsserts) {
  EXPECT_EQ(score("lm-eval/mbpp", "def twice(x): return 2 * x"), 1);
  EXPECT_EQ(score("lm-eval/mbpp", "def twice(x): return x + 2"), 0);
  EXPECT_EQ(score("lm-eval/mbpp_instruct", "\ndef twice(x): return 2 * x\n```\nthat is it"), 1);
  EXPECT_EQ(score("lm-eval/mbpp_instruct", "def twice(x): return 2 * x\n```"), 0) << "the first word is lost";
}

TEST_F(CodeTasks, ReachableCodeFollowsNamesAndDropsTheRest) {
  const std::string text =
      "import math\nSCALE = 2\ndef unused(x):\n    return x\ndef helper(x):\n    return SCALE * x\n"
      "def f(x):\n    return helper(x)\nf(1)\nnot python at all";
  EXPECT_EQ(reachable_code(text, "f"),
            "import math\nSCALE = 2\ndef helper(x):\n    return SCALE * x\ndef f(x):\n    return helper(x)");
  EXPECT_EQ(reachable_code("((((", "f"), "");
}

}  // namespace
}  // namespace freeact
