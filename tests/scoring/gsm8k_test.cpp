#include <gtest/gtest.h>

#include "scoring/scorer.h"

namespace freeact {
namespace {

double score(const std::string& rule, const std::string& response, const nlohmann::json& answer) {
  return find_scorer(rule).score({{"answer", answer}}, response).score.value();
}

TEST(Gsm8k, StrictTakesTheFirstHashesAndFlexibleTheLastNumber) {
  const std::string response = "12 apples\n#### 20\n#### 999";
  EXPECT_EQ(score("lm-eval/gsm8k/strict-match", response, "20"), 1);
  EXPECT_EQ(score("lm-eval/gsm8k/flexible-extract", response, "20"), 0);
  EXPECT_EQ(score("lm-eval/gsm8k/flexible-extract", response, "999"), 1);
}

TEST(Gsm8k, TheSentenceOfThoughtsGivesAwayItsLastDigitAtTheEnd) {
  EXPECT_EQ(score("lm-eval/gsm8k_cot/strict-match", "The answer is 230.", "230"), 1);
  EXPECT_EQ(score("lm-eval/gsm8k_cot/strict-match", "The answer is 230", "230"), 0);
  EXPECT_EQ(score("lm-eval/gsm8k_cot/strict-match", "The answer is 230", "23"), 1);
}

TEST(Gsm8k, ValuesAreComparedAsTextButBoxesAsNumbers) {
  EXPECT_EQ(score("lm-eval/gsm8k/strict-match", "#### 3.00", "3"), 0);
  EXPECT_EQ(score("d1/gsm8k", "\\boxed{3.00}", 3.0), 1);
}

TEST(Gsm8k, NothingFoundIsInvalidAndWrong) {
  const Scored none = find_scorer("lm-eval/gsm8k/strict-match").score({{"answer", "5"}}, "");
  EXPECT_EQ(none.answer, "[invalid]");
  EXPECT_EQ(none.score, 0.0);
  EXPECT_TRUE(find_scorer("d1/gsm8k").score({{"answer", 5.0}}, "5").answer.is_null());
}

}  // namespace
}  // namespace freeact
