#include <gtest/gtest.h>

#include "scoring/scorer.h"
#include "util/error.h"

namespace freeact {
namespace {

double score(const nlohmann::json& answers, const std::string& response) {
  return find_scorer("vlmevalkit/docvqa").score({{"answers", answers}}, response).score.value();
}

TEST(Anls, TheNearestAnswerCounts) {
  EXPECT_DOUBLE_EQ(score({"3 May", "May 3rd"}, "may 3"), 5 / 7.0);
  EXPECT_EQ(score({"3 May", "May 3"}, "MAY  3"), 1);
}

TEST(Anls, LessThanHalfIsNothing) {
  EXPECT_EQ(score({"wxyz"}, "wxab"), 0.5);
  EXPECT_EQ(score({"wxyz"}, "wabc"), 0);
}

TEST(Anls, LengthsAreThoseOfTheCapitals) {
  EXPECT_DOUBLE_EQ(score({"ﬁn"}, "ﬁ"), 1 - 1 / 3.0);
  EXPECT_DOUBLE_EQ(score({"rué"}, "rue"), 1 - 1 / 3.0);
  EXPECT_DOUBLE_EQ(score({"rue"}, "  ruf "), 1 - 1 / 6.0);
}

TEST(Anls, DocumentsWithoutAnswersAreRefused) {
  EXPECT_THROW(score(nlohmann::json::array(), "x"), UserError);
  EXPECT_THROW(score({3}, "x"), UserError);
}

TEST(Anls, TheTotalIsThePercentage) {
  std::vector<ScoredItem> items;
  for (const double score : {1.0, 0.5, 0.0}) items.push_back({{}, "", {.answer = "", .score = score}});
  EXPECT_DOUBLE_EQ(find_pooling("vlmevalkit/infovqa").pool(items), 50);
}

}  // namespace
}  // namespace freeact
