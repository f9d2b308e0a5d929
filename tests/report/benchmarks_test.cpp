// Benchmarks with several scores, with subsets, and of which only a part was answered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmark_runs.h"
#include "report/comparison.h"
#include "report/describe.h"
#include "report/render.h"
#include "report/summary.h"
#include "report/tables.h"

namespace freeact {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

RunRecord run_of(const std::string& method, int right, int items, int64_t population) {
  RunRecord run = benchmark_run(method, 1);
  add_benchmark(run, "gsm8k", right_of(right, items), population);
  add_benchmark(run, "math", right_of(right / 2, items), items);
  return run;
}

std::vector<std::string> texts(const std::vector<TableCell>& row) {
  std::vector<std::string> all;
  for (const auto& cell : row) all.push_back(cell.text);
  return all;
}

TEST(Benchmarks, TheHeadlineAloneIsInTheMainTableAndInTheAverage) {
  const auto runs = numbered({run_of("rtn", 80, 100, 100)});
  const auto settings = make_settings(runs);
  const Table table = main_table(settings[0]);
  EXPECT_THAT(table.columns, ElementsAre("Method", "Clipping W / A", "Seeds", "gsm8k [%] ↑", "math [%] ↑",
                                         "Average accuracy [%] ↑", "Runs"));
  EXPECT_THAT(texts(table.rows[0]), ElementsAre("RTN", "–", "1", "80.0", "40.0", "60.0", ""));
  EXPECT_THAT(table.caption, HasSubstr("Average accuracy: the unweighted mean of the percentages of gsm8k, math."));
}

TEST(Benchmarks, SizesStandBesideThe16BitModels) {
  std::vector<RunRecord> records = {run_of("none", 99, 100, 100), run_of("rtn", 80, 100, 100),
                                    run_of("quarot", 80, 100, 100)};
  const auto unknown = numbered(records);
  EXPECT_FALSE(cost_table(make_settings(unknown)[0]).has_value());
  records[0].model_bytes = 16'060'522'496;
  records[1].model_bytes = 4'818'156'749;
  records[1].calibration_s = 61;
  const auto runs = numbered(records);
  const Table table = *cost_table(make_settings(runs)[0]);
  EXPECT_THAT(texts(table.rows[0]), ElementsAre("16-bit", "16061", "1.000", "–"));
  EXPECT_THAT(texts(table.rows[1]), ElementsAre("RTN", "4818", "0.300", "1m 01s"));
  EXPECT_THAT(texts(table.rows[2]), ElementsAre("QuaRot", "–", "–", "25s")) << "its run is older";
}

TEST(Benchmarks, TheBestAreBoldUnlessAllAreAlike) {
  const auto bold = [](int rtn, int quarot, int flatquant) {
    const auto runs = numbered({run_of("none", 99, 100, 100), run_of("rtn", rtn, 100, 100),
                                run_of("quarot", quarot, 100, 100), run_of("flatquant", flatquant, 100, 100)});
    const auto settings = make_settings(runs);
    std::vector<bool> marks;
    for (const auto& row : main_table(settings[0]).rows) marks.push_back(row[3].bold);
    return marks;
  };
  EXPECT_THAT(bold(10, 80, 40), ElementsAre(false, false, true, false));
  EXPECT_THAT(bold(10, 80, 80), ElementsAre(false, false, true, true));
  EXPECT_THAT(bold(20, 20, 20), ElementsAre(false, false, false, false));
}

TEST(Benchmarks, AllScoresStandBelowWithTheirStandardErrors) {
  const auto runs = numbered({run_of("rtn", 80, 100, 100)});
  const auto settings = make_settings(runs);
  const Table table = *score_table(settings[0]);
  ASSERT_EQ(table.rows.size(), 4U);
  EXPECT_THAT(texts(table.rows[0]), ElementsAre("gsm8k [%] ↑", "80.0"));
  EXPECT_EQ(table.rows[0][0].note, "lm-eval/gsm8k/strict-match, headline");
  EXPECT_EQ(table.rows[0][1].note, "SE 2.5; 71.1 to 86.7");  // Wilson's interval, as in the main table
  EXPECT_THAT(texts(table.rows[1]), ElementsAre("gsm8k [%] ↑", "83.0"));
  EXPECT_EQ(table.rows[1][0].note, "lm-eval/gsm8k/flexible-extract");
  EXPECT_EQ(table.rows[1][1].note, "SE 1.5; 80.1 to 85.9");
}

TEST(Benchmarks, AnIntervalOfAPercentageEndsAtAHundred) {
  const auto runs = numbered({run_of("rtn", 96, 100, 100)});
  const auto settings = make_settings(runs);
  EXPECT_EQ(score_table(settings[0])->rows[1][1].note, "SE 1.5; 96.1 to 100.0");
}

TEST(Benchmarks, SubsetsOfABenchmarkAreRowsOfTheirOwnTable) {
  const auto runs = numbered({run_of("rtn", 80, 100, 100)});
  const auto settings = make_settings(runs);
  EXPECT_FALSE(group_table(settings[0]).has_value());
  const Table table = *subset_table(settings[0]);
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_THAT(texts(table.rows[0]), ElementsAre("gsm8k [%] ↑", "algebra", "73.0"));
}

TEST(Benchmarks, TasksWithOneScoreNeedNoOtherTables) {
  const auto runs = numbered(plausible_runs());
  const auto settings = make_settings(runs);
  EXPECT_FALSE(score_table(settings[0]).has_value());
  EXPECT_FALSE(subset_table(settings[0]).has_value());
}

TEST(Benchmarks, APartOfATestIsMarkedInEveryFormatAndTable) {
  const auto runs = numbered({run_of("flatquant", 2, 4, 1319), run_of("freeact", 3, 4, 1319)});
  const auto settings = make_settings(runs);
  const auto differences = comparisons(settings[0]);
  for (const Table& table : {main_table(settings[0]), difference_table(settings[0], differences),
                             *score_table(settings[0]), *subset_table(settings[0])}) {
    const ReportDocument document{.title = "t", .blocks = {table}};
    for (const auto& text : {render_html(document), render_markdown(document), render_latex(table), render_csv(table)})
      EXPECT_THAT(text, HasSubstr("4 of 1319 items")) << table.name;
  }
  EXPECT_THAT(main_table(settings[0]).columns, Contains("Average accuracy [%] ↑ (8 of 1323 items)"));
  EXPECT_THAT(caveats(runs, settings), Contains(HasSubstr("scores are of subsets (gsm8k 4 of 1319 items)")));
  EXPECT_THAT(findings(settings[0], differences), Contains(HasSubstr("Average accuracy (8 of 1323 items)")));
  EXPECT_THAT(describe_run(runs[0].record), HasSubstr("4 of 1319 items"));
}

TEST(Benchmarks, WholeTestsAndUnknownOnesHaveNoMark) {
  const auto runs = numbered({run_of("flatquant", 2, 4, 4), run_of("freeact", 3, 4, 0)});
  const auto settings = make_settings(runs);
  EXPECT_THAT(render_csv(main_table(settings[0])), Not(HasSubstr(" of ")));
}

TEST(Benchmarks, MethodsThatAnsweredUnequalPartsHaveEachItsOwnMark) {
  const auto runs = numbered({run_of("flatquant", 50, 100, 1319), run_of("freeact", 3, 4, 1319)});
  const auto settings = make_settings(runs);
  const Table table = main_table(settings[0]);
  EXPECT_EQ(table.columns[3], "gsm8k [%] ↑");
  EXPECT_THAT(table.rows[0][3].note, HasSubstr("; 100 of 1319 items"));
  EXPECT_THAT(table.rows[1][3].note, HasSubstr("; 4 of 1319 items"));
}

}  // namespace
}  // namespace freeact
