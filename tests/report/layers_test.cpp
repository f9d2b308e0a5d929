#include "report/layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "plausible_runs.h"
#include "report/tables.h"

namespace freeact {
namespace {

using testing::ElementsAre;

RunRecord run_with_errors(const std::string& method, uint64_t seed, const std::vector<LayerError>& errors) {
  RunRecord run = plausible_run({method, 1, 0.1, 0, true}, "W4A4", seed, 1);
  run.layer_errors = errors;
  return run;
}

std::optional<Table> table_of(const std::vector<RunRecord>& records) {
  std::vector<Run> runs;
  for (const auto& record : records) runs.push_back(make_run(std::ssize(runs) + 1, record));
  return token_type_table(make_settings(runs).at(0));
}

std::vector<std::string> texts(const std::vector<TableCell>& row) {
  std::vector<std::string> all;
  for (const auto& cell : row) all.push_back(cell.text);
  return all;
}

TEST(TokenTypeTable, TakesTypesFromTheRowsAndGivesTheirRatio) {
  const auto table = table_of({run_with_errors("rtn", 1,
                                               {{0, "mlp.down", "text", 0.1, 10},
                                                {1, "mlp.down", "text", 0.3, 10},
                                                {0, "mlp.down", "vision", 0.5, 10},
                                                {1, "mlp.down", "vision", 0.7, 10}}),
                               run_with_errors("freeact", 1,
                                               {{0, "mlp.down", "text", 0.02, 10},
                                                {1, "mlp.down", "text", 0.02, 10},
                                                {0, "mlp.down", "vision", 0.01, 10},
                                                {1, "mlp.down", "vision", 0.01, 10}})});
  ASSERT_TRUE(table.has_value());
  EXPECT_THAT(table->columns, ElementsAre("Method", "text tokens", "vision tokens", "vision / text"));
  EXPECT_THAT(texts(table->rows.at(0)), ElementsAre("RTN", "0.200", "0.600", "3.00"));
  EXPECT_THAT(texts(table->rows.at(1)), ElementsAre("FreeAct", "0.0200", "0.0100", "0.500"));
  EXPECT_TRUE(table->rows[1][2].bold);
  EXPECT_FALSE(table->rows[1][3].bold);
}

TEST(TokenTypeTable, RatiosAreOfEachRun) {
  const auto run = [](uint64_t seed, double text, double vision) {
    return run_with_errors("rtn", seed, {{0, "mlp.down", "text", text, 10}, {0, "mlp.down", "vision", vision, 10}});
  };
  const auto table = table_of({run(1, 0.1, 0.2), run(2, 1, 2), run(3, 10, 20)});
  EXPECT_EQ(table->rows.at(0).at(3).text, "2.00 ± 0");  // the errors vary by 100, their ratio does not
}

TEST(TokenTypeTable, SitesOfOneTypeAloneDoNotCount) {
  const auto table = table_of({run_with_errors(
      "rtn", 1,
      {{0, "vision.mlp", "vision", 9, 10}, {0, "mlp.down", "text", 0.1, 10}, {0, "mlp.down", "vision", 0.2, 10}})});
  EXPECT_THAT(texts(table->rows.at(0)), ElementsAre("RTN", "0.100", "0.200", "2.00"));
}

TEST(TokenTypeTable, IsNotThereForOneTypeAlone) {
  EXPECT_FALSE(table_of({run_with_errors("rtn", 1, {{0, "mlp.down", "text", 0.1, 10}})}).has_value());
  EXPECT_FALSE(table_of({run_with_errors("rtn", 1, {})}).has_value());
}

TEST(TokenTypeTable, ShowsWhatIsNotANumberAndADashForARunWithoutErrors) {
  const auto table = table_of(
      {run_with_errors("rtn", 1, {{0, "mlp.down", "text", std::nan(""), 10}, {0, "mlp.down", "vision", 1, 10}}),
       run_with_errors("quarot", 1, {})});
  EXPECT_THAT(texts(table->rows.at(0)), ElementsAre("RTN", "nan", "1.00", "nan"));
  EXPECT_THAT(texts(table->rows.at(1)), ElementsAre("QuaRot", "–", "–", "–"));
}

}  // namespace
}  // namespace freeact
