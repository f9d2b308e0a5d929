#include <gtest/gtest.h>

#include "scoring/scorer.h"

namespace freeact {
namespace {

double score(const std::string& harness, const std::string& answer, const std::string& response) {
  return find_scorer(harness + "/chartqa").score({{"answer", answer}}, response).score.value();
}

TEST(ChartQa, NumbersMayBeFivePercentOff) {
  EXPECT_EQ(score("vlmevalkit", "200", "210"), 1);
  EXPECT_EQ(score("vlmevalkit", "200", "210.1"), 0);
  EXPECT_EQ(score("vlmevalkit", "20%", "0.193"), 1);
  EXPECT_EQ(score("vlmevalkit", "-200", "200"), 0);
}

TEST(ChartQa, ZeroAndWordsMustBeTheSameText) {
  EXPECT_EQ(score("vlmevalkit", "0", "0.00"), 0);
  EXPECT_EQ(score("vlmevalkit", "Île", "île"), 1);
  EXPECT_EQ(score("vlmevalkit", "9", "nine"), 0);
}

TEST(ChartQa, BlanksAndListsDivideTheHarnesses) {
  EXPECT_EQ(score("vlmevalkit", "Peru", " Peru\n"), 1);
  EXPECT_EQ(score("lmms-eval", "Peru", " Peru\n"), 0);
  EXPECT_EQ(score("vlmevalkit", "['Peru', 'Chile']", "chile"), 1);
  EXPECT_EQ(score("lmms-eval", "['Peru', 'Chile']", "chile"), 0);
}

TEST(ChartQa, TotalsAreOfItemsNotOfSplits) {
  std::vector<ScoredItem> items;
  for (const double score : {1.0, 0.0, 0.0})
    items.push_back({{{"split", "test_human"}}, "", {.answer = "", .score = score}});
  items.push_back({{{"split", "test_augmented"}}, "", {.answer = "", .score = 1.0}});
  const auto percents = find_pooling("vlmevalkit/chartqa").pool(items);
  EXPECT_DOUBLE_EQ(percents.at("test_human"), 100 / 3.0);
  EXPECT_DOUBLE_EQ(percents.at("test_augmented"), 100);
  EXPECT_DOUBLE_EQ(percents.at("Overall"), 50);
}

}  // namespace
}  // namespace freeact
