#include "run/result_table.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <sstream>

#include "report/plausible_runs.h"

namespace freeact {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A run of one seed with the share of right answers of each task.
RunRecord run_of(const std::string& method, uint64_t seed, const std::vector<std::pair<std::string, double>>& scores) {
  RunRecord run = plausible_run({method, 1, 0.1, 0, true}, "W4A4", seed, 1);
  run.metrics.clear();
  run.samples.clear();
  for (const auto& [task, score] : scores)
    run.metrics.push_back({task, 1, "exact_match", "", score, 0, 40, true, "%", 200});
  return run;
}

std::vector<Run> numbered(std::vector<RunRecord> records) {
  std::vector<Run> runs;
  for (auto& record : records) runs.push_back({std::ssize(runs) + 1, std::move(record)});
  return runs;
}

// The words of the line that begins like that.
std::vector<std::string> row(const std::string& table, const std::string& name) {
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name + " ")) continue;
    std::istringstream rest(line.substr(name.size()));
    return {std::istream_iterator<std::string>(rest), {}};
  }
  return {};
}

std::vector<Run> four_methods() {
  return numbered(
      {run_of("none", 1, {{"sort", 99}, {"reverse", 98}}), run_of("rtn", 1, {{"sort", 60}, {"reverse", 70}}),
       run_of("rtn", 2, {{"sort", 70}, {"reverse", 70}}), run_of("quarot", 1, {{"sort", 80}, {"reverse", 75}}),
       run_of("quarot", 2, {{"sort", 85}, {"reverse", 75}}), run_of("flatquant", 1, {{"sort", 80}, {"reverse", 90}}),
       run_of("flatquant", 2, {{"sort", 85}, {"reverse", 90}})});
}

TEST(ResultTable, MarksBestAndSecondOfTheQuantisedMethodsAndTiesAlike) {
  const std::string table = result_tables(four_methods(), MarkStyle::kCharacters);
  EXPECT_THAT(row(table, "16-bit"), ElementsAre("99.0", "98.0", "98.5")) << table;
  EXPECT_THAT(row(table, "RTN"), ElementsAre("65.0", "70.0", "67.5")) << "means over seeds\n" << table;
  EXPECT_THAT(row(table, "QuaRot"), ElementsAre("82.5*", "75.0+", "78.8+")) << table;
  EXPECT_THAT(row(table, "FlatQuant"), ElementsAre("82.5*", "90.0*", "86.2*")) << table;
  EXPECT_THAT(table, HasSubstr("over 1 to 2 seeds"));
  EXPECT_THAT(table, HasSubstr("* best, + second best"));
}

TEST(ResultTable, MarksNothingWhereAllAreAlike) {
  const std::string table = result_tables(numbered({run_of("rtn", 1, {{"sort", 0}}), run_of("quarot", 1, {{"sort", 0}}),
                                                    run_of("none", 1, {{"sort", 50}})}),
                                          MarkStyle::kCharacters);
  EXPECT_THAT(row(table, "RTN"), ElementsAre("0.0")) << table;
  EXPECT_THAT(table, Not(HasSubstr("best")));
}

TEST(ResultTable, OnATerminalMarksAreBoldAndUnderlinedAndTakeNoRoom) {
  const std::string table = result_tables(four_methods(), MarkStyle::kTerminal);
  EXPECT_THAT(table, HasSubstr("\x1b[1m90.0\x1b[0m"));
  EXPECT_THAT(table, HasSubstr("\x1b[4m75.0\x1b[0m"));
  EXPECT_THAT(table, Not(HasSubstr("*")));
}

TEST(ResultTable, HasATableForEachBitWidthAndFitsATerminal) {
  const std::string table = result_tables(numbered(plausible_runs()), MarkStyle::kCharacters);
  EXPECT_THAT(table, HasSubstr("tiny_dllm, W4A4, mean over 3 seeds"));
  EXPECT_THAT(table, HasSubstr("tiny_dllm, W3A3, mean over 3 seeds"));
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 82U) << line;  // bytes, with two arrows
}

TEST(ResultTable, SaysHowManyItemsWereAsked) {
  EXPECT_THAT(result_tables(four_methods(), MarkStyle::kCharacters), HasSubstr("40 of 200"));
}

// Configurations of one method may have long names.
TEST(ResultTable, BreaksLongNames) {
  std::vector<RunRecord> records = {run_of("rtn", 1, {{"sort", 1}}), run_of("rtn", 1, {{"sort", 2}})};
  records[0].arm = "rtn method.w_clip=searched method.a_clip=searched";
  records[1].arm = "rtn";
  records[1].resolved_config += "w_clip: none\n";
  const std::string table = result_tables(numbered(records), MarkStyle::kCharacters);
  EXPECT_THAT(table, HasSubstr("method.a_")) << table;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 60U) << line;
}

TEST(ResultTable, IsEmptyWithoutRuns) {
  EXPECT_EQ(result_tables({}, MarkStyle::kCharacters), "");
}

TEST(MarkStyleOfATerminal, NoColorAndDumbTerminalsGetCharacters) {
  setenv("TERM", "xterm", 1);
  unsetenv("NO_COLOR");
  EXPECT_EQ(mark_style(true), MarkStyle::kTerminal);
  EXPECT_EQ(mark_style(false), MarkStyle::kCharacters);
  setenv("NO_COLOR", "", 1);
  EXPECT_EQ(mark_style(true), MarkStyle::kTerminal) << "no-color.org: an empty value asks for nothing";
  setenv("NO_COLOR", "1", 1);
  EXPECT_EQ(mark_style(true), MarkStyle::kCharacters);
  unsetenv("NO_COLOR");
  setenv("TERM", "dumb", 1);
  EXPECT_EQ(mark_style(true), MarkStyle::kCharacters);
}

}  // namespace
}  // namespace freeact
