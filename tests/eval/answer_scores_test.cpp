#include "eval/answer_scores.h"

#include <gtest/gtest.h>

namespace freeact {
namespace {

double relaxed(const std::string& given, const std::string& right) {
  return score_answer("relaxed_accuracy", given, right);
}

TEST(ExactMatch, IsCharacterByCharacter) {
  EXPECT_EQ(score_answer("exact_match", "yes", "yes"), 1);
  EXPECT_EQ(score_answer("exact_match", "Yes", "yes"), 0);
  EXPECT_EQ(score_answer("exact_match", "yes ", "yes"), 0);
}

TEST(RelaxedAccuracy, TakesNumbersWithinFivePercent) {
  EXPECT_EQ(relaxed("14", "14"), 1);
  EXPECT_EQ(relaxed("104.9", "100"), 1);
  EXPECT_EQ(relaxed("94.9", "100"), 0);
  EXPECT_EQ(relaxed("-14.5", "-14"), 1);
  EXPECT_EQ(relaxed("14", "-14"), 0);
  // At exactly 5 % the rounding of doubles decides, as in the reference.
  EXPECT_EQ(relaxed("14.7", "14"), 1);
  EXPECT_EQ(relaxed("27.3", "26"), 0);
}

TEST(RelaxedAccuracy, ReadsNumbersAsPythonDoes) {
  EXPECT_EQ(relaxed("1e3", "1000"), 1);
  EXPECT_EQ(relaxed("1_000", "1000"), 1);
  EXPECT_EQ(relaxed(" .5", "0.5"), 1);
  EXPECT_EQ(relaxed("50%", "0.5"), 1);
  EXPECT_EQ(relaxed("1,000", "1000"), 0);
  EXPECT_EQ(relaxed("$12", "12"), 0);
  EXPECT_EQ(relaxed("1__0", "10"), 0);
  EXPECT_EQ(relaxed("0x10", "16"), 0);
}

TEST(RelaxedAccuracy, ComparesAllElseAsTextWithoutCase) {
  EXPECT_EQ(relaxed(" Brazil\n", "brazil"), 1);
  EXPECT_EQ(relaxed("Brasil", "brazil"), 0);
  EXPECT_EQ(relaxed("0", "0"), 1);
  EXPECT_EQ(relaxed("0.0", "0"), 0) << "nothing is within 5 % of 0";
  EXPECT_EQ(relaxed("nan", "5"), 0);
  EXPECT_EQ(relaxed("", "5"), 0);
}

}  // namespace
}  // namespace freeact
