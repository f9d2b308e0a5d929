#include <gtest/gtest.h>

#include "scoring/scorer.h"

namespace freeact {
namespace {

using nlohmann::json;

Scored scored(const std::string& task, const std::string& wanted, const std::string& response) {
  return find_scorer("lmms-eval/blindtest").score({{"lmms_eval_task", task}, {"answer", wanted}}, response);
}

TEST(BlindTest, TheFirstNumberCounts) {
  EXPECT_EQ(scored("nested squares", "4", "squares: 4 of 5").answer, "4");
  EXPECT_EQ(scored("Subway Connections", "3", "route{3}").score, 1.0);
  EXPECT_TRUE(scored("olympic counting - pentagons", "3", "three").answer.is_null());
}

TEST(BlindTest, GridsPreferBraces) {
  EXPECT_EQ(scored("counting grid - word grids", "5,6", "(1,2) but {5}\n{6}").answer, "5,6");
  EXPECT_EQ(scored("counting grid - blank grids", "1,2", "(1 ,2)").score, 1.0);
  EXPECT_TRUE(scored("counting grid - blank grids", "1,2", "1x2").answer.is_null());
}

TEST(BlindTest, LettersComeFromTheFirstWord) {
  EXPECT_EQ(scored("circled letter", "Q", "{Q}").score, 1.0);
  EXPECT_EQ(scored("circled letter", "Q", "The letter Q").answer, "t");
}

TEST(BlindTest, AVerdictStandsAlone) {
  EXPECT_EQ(scored("touching circles", "Yes", "\tYES ").score, 1.0);
  EXPECT_TRUE(scored("touching circles", "Yes", "yes!").answer.is_null());
}

TEST(BlindTest, AnUnknownTaskHasNoAnswer) {
  EXPECT_TRUE(scored("counting stars", "4", "4").answer.is_null());
  EXPECT_EQ(scored("counting stars", "4", "4").score, 0.0);
}

TEST(BlindTest, TheMeanLeavesOutTasksThatAreAllWrong) {
  std::vector<ScoredItem> items;
  const auto add = [&](const char* task, double value) {
    items.push_back({{{"lmms_eval_task", task}}, "", {.answer = "", .score = value}});
  };
  add("nested squares", 0);
  EXPECT_EQ(find_pooling("lmms-eval/blindtest").pool(items)["by_task"], json({{"task_mean", 0.0}}));
  add("counting grid - word grids", 1);
  add("counting grid - blank grids", 0);
  add("circled letter", 1);
  const json figures = find_pooling("lmms-eval/blindtest").pool(items);
  EXPECT_DOUBLE_EQ(figures["accuracy"], 0.5);
  EXPECT_EQ(figures["by_task"], json({{"counting grid", 0.5}, {"circled letter", 1.0}, {"task_mean", 0.75}}));
}

}  // namespace
}  // namespace freeact
