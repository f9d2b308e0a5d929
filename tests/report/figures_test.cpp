// Pictures of scores: what is in them, by the data that each holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plausible_runs.h"
#include "report/curves.h"
#include "report/main_figure.h"
#include "report/pareto.h"
#include "report/plot_drawing.h"
#include "xml_balance.h"

namespace freeact {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

RunRecord scored(const std::string& method, uint64_t seed, double accuracy, const std::string& config = "") {
  RunRecord run = plausible_run({method, 1, 0.1, 0, true}, "W4A4", seed, 1);
  run.metrics = {{"sort", 1, "exact_match", "", accuracy, 0, 4, true, "%"}};
  run.samples.clear();
  for (int i = 0; i < 4; ++i) run.samples.push_back({"sort", i, "h", "x", 25.0 * i < accuracy ? 1.0 : 0.0});
  run.layer_errors = {{0, "mlp.down", "mask", 0.01 * accuracy, 8}};
  run.resolved_config = "method:\n  name: " + method + "\n" + config + "seed: " + std::to_string(seed) + "\n";
  run.key += config;
  return run;
}

std::vector<Run> numbered(const std::vector<RunRecord>& records) {
  std::vector<Run> runs;
  for (const auto& record : records) runs.push_back(make_run(std::ssize(runs) + 1, record));
  return runs;
}

std::string rank(double fraction) {
  return "  rank_fraction: " + std::to_string(fraction) + "\n";
}

std::string data_of(const Figure& figure) {
  EXPECT_EQ(markup_fault(figure.svg, {}), "");
  return take_data(figure.svg).escaped_data;
}

TEST(MainFigure, HasEveryMethodWithItsIntervalsWithinWhatIsPossible) {
  const auto runs = numbered({scored("none", 1, 100), scored("rtn", 1, 0), scored("rtn", 2, 25)});
  const auto figure = main_figure(make_settings(runs).at(0));
  ASSERT_TRUE(figure.has_value());
  const std::string data = data_of(*figure);
  EXPECT_THAT(data, AllOf(HasSubstr("sort [%] ↑,16-bit,100,,,"), HasSubstr("sort [%] ↑,RTN,12.5,0,100,")));
  EXPECT_THAT(data, HasSubstr("layer error ↓,RTN,0.125,"));
  EXPECT_THAT(data, Not(HasSubstr("layer error ↓,16-bit")));
}

TEST(MainFigure, OneMethodIsNoPicture) {
  const auto runs = numbered({scored("rtn", 1, 50)});
  EXPECT_FALSE(main_figure(make_settings(runs).at(0)).has_value());
}

TEST(SweepFigures, AreOfTheOneNumberThatMethodsDifferIn) {
  std::vector<RunRecord> records = {scored("flatquant", 1, 75)};
  for (const double fraction : {0.0, 0.125, 0.25})
    records.push_back(scored("freeact", 1, 100 * fraction, rank(fraction)));
  const auto runs = numbered(records);
  const auto figures = sweep_figures(make_settings(runs).at(0));
  ASSERT_EQ(figures.size(), 1U);
  const std::string data = data_of(figures[0]);
  EXPECT_THAT(data, HasSubstr("sort [%] ↑,,FreeAct,0.125,12.5,"));
  EXPECT_THAT(data, AllOf(HasSubstr("FlatQuant,0,75,"), HasSubstr("FlatQuant,0.25,75,")));
}

// A second key that differs makes a curve of its own; two values are no curve.
TEST(SweepFigures, DoNotJoinWhatDiffersInMoreThanTheNumber) {
  std::vector<RunRecord> records;
  for (const double fraction : {0.0, 0.125, 0.25})
    for (const char* clip : {"fixed", "learned"})
      records.push_back(scored("freeact", 1, 50, rank(fraction) + "  w_clip: " + clip + "\n"));
  const auto runs = numbered(records);
  const auto figures = sweep_figures(make_settings(runs).at(0));
  ASSERT_EQ(figures.size(), 1U);
  EXPECT_THAT(data_of(figures[0]), AllOf(HasSubstr("FreeAct, w_clip fixed"), HasSubstr("FreeAct, w_clip learned")));
  records.erase(records.begin() + 2, records.begin() + 4);
  const auto fewer = numbered(records);
  EXPECT_THAT(sweep_figures(make_settings(fewer).at(0)), IsEmpty());
}

TEST(BitFigures, NeedThreeWidths) {
  std::vector<RunRecord> records;
  for (const char* bits : {"W8A8", "W4A4", "W3A3"}) {
    records.push_back(scored("rtn", 1, bits[1] == '8' ? 100 : 25));
    records.back().bits = bits;
    records.back().key += bits;
  }
  const auto three = numbered(records);
  const auto figures = bit_figures(make_settings(three));
  ASSERT_EQ(figures.size(), 1U);
  EXPECT_THAT(data_of(figures[0]), AllOf(HasSubstr(",RTN,W8A8,100,"), HasSubstr(",RTN,W3A3,25,")));
  records.pop_back();
  const auto two = numbered(records);
  EXPECT_THAT(bit_figures(make_settings(two)), IsEmpty());
}

TEST(ParetoOfMethods, LeavesOutSimulatedTimes) {
  RunRecord reference = scored("none", 1, 100, "backend:\n  name: simulated\n");
  RunRecord simulated = scored("rtn", 1, 50, "backend:\n  name: simulated\n");
  RunRecord integer = scored("rtn", 1, 50, "backend:\n  name: cpu\n");
  reference.evaluation_s = 4;
  simulated.evaluation_s = 8;
  integer.evaluation_s = 2;
  const auto runs = numbered({reference, simulated, integer});
  const auto figure = method_pareto(runs, make_settings(runs));
  ASSERT_TRUE(figure.has_value());
  EXPECT_THAT(data_of(*figure), AllOf(HasSubstr("16-bit,1000,100,"), HasSubstr("RTN,500,50,"), Not(HasSubstr("2000"))));
  const auto alone = numbered({reference, simulated});
  EXPECT_FALSE(method_pareto(alone, make_settings(alone)).has_value());
}

TEST(ParetoOfSizes, ShowsEachMethodAtItsBitWidths) {
  RunRecord whole = scored("none", 1, 100);
  whole.model_bytes = 16'000'000;
  std::vector<RunRecord> records;
  for (const char* bits : {"W3A3", "W4A4"}) {
    whole.bits = bits;
    whole.key += bits;
    records.push_back(whole);
    for (const char* method : {"rtn", "quarot"}) {
      records.push_back(scored(method, 1, (bits[1] == '4' ? 50 : 25) + (method[0] == 'q' ? 5 : -5)));
      records.back().bits = bits;
      records.back().key += bits;
      records.back().model_bytes = bits[1] == '4' ? 4'500'000 : 3'500'000;
    }
  }
  const auto runs = numbered(records);
  const auto figure = size_pareto(make_settings(runs));
  ASSERT_TRUE(figure.has_value());
  EXPECT_THAT(data_of(*figure), AllOf(HasSubstr("RTN,3.5,20,"), HasSubstr("RTN,4.5,45,"), HasSubstr("16-bit,16,100,"),
                                      HasSubstr("nothing is both smaller and better,3.5,30,"),
                                      Not(HasSubstr("nothing is both smaller and better,4.5,45,"))));
  for (auto& record : records) record.model_bytes.reset();
  const auto unknown = numbered(records);
  EXPECT_FALSE(size_pareto(make_settings(unknown)).has_value());
}

TEST(ParetoOfLatencies, JoinsWhatNothingIsBetterThan) {
  std::vector<LatencyRow> rows(3);
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i].name = std::string("decode/tiny/sort/") + std::vector{"none", "prefix", "dual"}[i];
    rows[i].accuracy_kind = "exact match";
    rows[i].median_s = std::vector{0.3, 0.2, 0.1}[i];
    rows[i].accuracy = std::vector{90.0, 40.0, 80.0}[i];
  }
  const auto figures = latency_paretos(rows);
  ASSERT_EQ(figures.size(), 1U);  // no memory was measured
  const std::string data = data_of(figures[0]), front = "decode/tiny/sort,nothing is both faster and better,";
  EXPECT_THAT(data, AllOf(HasSubstr(front + "100,80,"), HasSubstr(front + "300,90,"), Not(HasSubstr(front + "200"))));
}

}  // namespace
}  // namespace freeact
