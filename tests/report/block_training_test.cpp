#include "report/block_training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plausible_runs.h"

namespace freeact {
namespace {

using testing::HasSubstr;
using testing::Not;

RunRecord trained(const std::string& method, uint64_t seed, double end, const std::vector<std::string>& warnings = {}) {
  RunRecord run = plausible_run({method, 1, 0.1, 0, true}, "W4A4", seed, 1);
  for (int layer = 0; layer < 2; ++layer)
    run.block_trainings.push_back({.layer = layer,
                                   .precision = "float32",
                                   .epochs = 5,
                                   .rescues = static_cast<int64_t>(warnings.size()),
                                   .stopped_early = layer == 1,
                                   .loss_start = 0.1,
                                   .loss_end = end,
                                   .epoch_losses = {},
                                   .sites = {{"mlp.down", 0.2, 0.1, 10.0 + layer, 0}},
                                   .warnings = layer == 1 ? warnings : std::vector<std::string>()});
  return run;
}

Setting setting_of(const std::vector<RunRecord>& records) {
  static std::vector<Run> runs;  // settings point into it
  runs.clear();
  for (const auto& record : records) runs.push_back(make_run(std::ssize(runs) + 1, record));
  return make_settings(runs).at(0);
}

TEST(BlockTrainingReport, ShowsArmsThatTrainAndLeavesOthersOut) {
  const auto figure = block_training_figure(
      setting_of({trained("flatquant", 1, 0.05), plausible_run({"rtn", 1, 0.1, 0, true}, "W4A4", 1, 1)}));
  ASSERT_TRUE(figure.has_value());
  EXPECT_THAT(figure->svg, HasSubstr("FlatQuant"));
  EXPECT_THAT(figure->svg, Not(HasSubstr("RTN")));
  EXPECT_FALSE(block_training_figure(setting_of({plausible_run({"rtn", 1, 0.1, 0, true}, "W4A4", 1, 1)})).has_value());
}

TEST(BlockTrainingReport, WarningsNameMethodRunAndLayer) {
  EXPECT_FALSE(training_warning_table(setting_of({trained("flatquant", 1, 0.05)})).has_value());
  const auto table = training_warning_table(
      setting_of({trained("flatquant", 1, 0.05), trained("flatquant", 2, 0.05, {"the loss is nan"})}));
  ASSERT_TRUE(table.has_value());
  ASSERT_EQ(table->rows.size(), 1U);
  const auto& row = table->rows[0];
  EXPECT_EQ(row[0].text, "FlatQuant");
  EXPECT_EQ(row[1].runs, std::vector<int64_t>{2});
  EXPECT_EQ(row[2].text, "1");
  EXPECT_THAT(row[3].text, HasSubstr("1 rescue"));
  EXPECT_EQ(row[4].text, "the loss is nan");
}

TEST(DescribeTrainings, SumsUpAndNamesTheWorst) {
  const std::string text = describe_block_trainings(trained("flatquant", 1, 0.05, {"the loss is nan"}));
  EXPECT_THAT(text, HasSubstr("2 blocks, loss of the first batch times 0.5 in the mean, 2 rescues, 1 stopped early"));
  EXPECT_THAT(text, HasSubstr("warning: layer 1: the loss is nan"));
  EXPECT_THAT(text, HasSubstr("layer 1   mlp.down            condition number 11"));
  EXPECT_EQ(describe_block_trainings(plausible_run({"rtn", 1, 0.1, 0, true}, "W4A4", 1, 1)), "");
}

}  // namespace
}  // namespace freeact
