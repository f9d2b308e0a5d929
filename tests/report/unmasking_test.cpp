#include "report/unmasking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plausible_runs.h"
#include "report/render.h"
#include "xml_balance.h"

namespace freeact {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// One answer of as many tokens as there are steps.
RunRecord written(const std::string& method, uint64_t seed, const std::vector<int64_t>& steps) {
  RunRecord run = plausible_run({method, 1, 0.1, 0, true}, "W4A4", seed, 1);
  run.metrics = {{"sort", 1, "exact_match", "", 100, 0, 1, true, "%"}};
  run.samples = {{"sort", 3, "h3", "abc", 1}};
  UnmaskedAnswer answer = {"sort", 3, {}};
  for (const int64_t step : steps) answer.tokens.push_back({"t" + std::to_string(answer.tokens.size()), step});
  run.unmaskings = {answer};
  return run;
}

std::vector<Run> numbered(const std::vector<RunRecord>& records) {
  std::vector<Run> runs;
  for (const auto& record : records) runs.push_back(make_run(std::ssize(runs) + 1, record));
  return runs;
}

TEST(UnmaskingTable, ComparesWithReadingAndWithThe16BitModelsOrder) {
  const auto runs =
      numbered({written("none", 1, {0, 1, 2}), written("rtn", 1, {2, 1, 0}), written("quarot", 1, {0, 1, 2})});
  const auto table = unmasking_table(make_settings(runs).at(0));
  ASSERT_TRUE(table.has_value());
  ASSERT_EQ(table->rows.size(), 3U);
  EXPECT_EQ(table->rows[0][2].text, "+1.0000");
  EXPECT_EQ(table->rows[0][3].text, "–");
  EXPECT_EQ(table->rows[1][2].text, "−1.0000");
  EXPECT_EQ(table->rows[1][3].text, "−1.0000");
  EXPECT_EQ(table->rows[2][3].text, "+1.0000");
}

// Given tokens and steps that wrote several tokens say nothing of an order.
TEST(UnmaskingTable, LeavesOutWhatHasNoOrder) {
  const auto runs = numbered({written("rtn", 1, {0, 0, 0, -1})});
  const auto table = unmasking_table(make_settings(runs).at(0));
  EXPECT_EQ(table->rows.at(0)[1].text, "1");
  EXPECT_EQ(table->rows[0][2].text, "–");
  RunRecord old = written("rtn", 1, {});
  old.unmaskings.clear();
  const auto older = numbered({old});
  EXPECT_FALSE(unmasking_table(make_settings(older).at(0)).has_value());
  EXPECT_TRUE(unmasking_maps(make_settings(older).at(0)).empty());
}

TEST(UnmaskingMap, ShowsEveryMethodsFirstSeedAndEscapesWhatAModelWrote) {
  RunRecord odd = written("rtn", 1, {0, 7});
  odd.unmaskings[0].tokens[0].text = "<b>\n";
  const auto runs = numbered({written("none", 1, {0, 1, 2}), odd, written("rtn", 2, {5, 6})});
  const auto maps = unmasking_maps(make_settings(runs).at(0));
  ASSERT_EQ(maps.size(), 1U);
  ASSERT_EQ(maps[0].cards.size(), 1U);
  EXPECT_EQ(maps[0].cards[0].steps, 8);
  ASSERT_EQ(maps[0].cards[0].answers.size(), 2U);
  EXPECT_EQ(maps[0].cards[0].answers[1].tooltip, "run 2, seed 1");
  const std::string html = render_html(maps[0]);
  EXPECT_THAT(html, AllOf(HasSubstr("data-t=\"0\">&lt;b&gt;↵</i>"), HasSubstr("class=\"s7\" data-t=\"7\">t1</i>")));
  EXPECT_EQ(markup_fault(html, {}), "");
  EXPECT_EQ(text_table(maps[0]).rows.at(1).at(3).text, "<b>↵·0 t1·7 ");
  EXPECT_EQ(data_table(maps[0]).rows.size(), 5U);
}

TEST(UnmaskingMap, DoesNotShowTheAnswerToAnotherQuestionUnderTheSameNumber) {
  RunRecord other = written("rtn", 1, {0, 1});
  other.samples[0].input_hash = "another";
  const auto runs = numbered({written("none", 1, {0, 1}), other});
  const auto maps = unmasking_maps(make_settings(runs).at(0));
  ASSERT_EQ(maps.at(0).cards.size(), 2U);
  EXPECT_EQ(maps[0].cards[0].answers.size(), 1U);
}

}  // namespace
}  // namespace freeact
