#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plausible_runs.h"
#include "report/error_parts.h"
#include "report/heat_map.h"
#include "report/render.h"
#include "report/row_spaces.h"
#include "report/surfaces.h"

namespace freeact {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> texts(const std::vector<TableCell>& row) {
  std::vector<std::string> all;
  for (const auto& cell : row) all.push_back(cell.text);
  return all;
}

Setting setting_of(std::vector<Run>& runs, const std::vector<RunRecord>& records) {
  for (const auto& record : records) runs.push_back(make_run(std::ssize(runs) + 1, record));
  return make_settings(runs).at(0);
}

RunRecord run_of(const std::string& method, const std::vector<LayerError>& errors) {
  RunRecord run = plausible_run({method, 1, 0.1, 0, true}, "W4A4", 1, 1);
  run.layer_errors = errors;
  return run;
}

TEST(ErrorPartsTable, SplitsTheErrorAndShowsSitesOnlyOfWhatTruncates) {
  std::vector<freeact::Run> runs;
  const Setting setting = setting_of(runs, {run_of("rtn", {{0, "mlp.down", "text", 0.1, 10, 0.0, 0.06}}),
                                            run_of("freeact", {{0, "mlp.down", "text", 0.08, 10, 0.02, 0.05}})});
  const auto table = error_parts_table(setting);
  ASSERT_TRUE(table.has_value());
  ASSERT_EQ(table->rows.size(), 3U);
  EXPECT_THAT(texts(table->rows[0]), ElementsAre("RTN", "text", "all", "0.100", "0", "0.0600", "0.0400", "0.0%"));
  EXPECT_THAT(texts(table->rows[1]),
              ElementsAre("FreeAct", "text", "all", "0.0800", "0.0200", "0.0300", "0.0300", "25.0%"));
  EXPECT_EQ(table->rows[2][2].text, "mlp.down");
  EXPECT_TRUE(truncation_figure(setting).has_value());
}

TEST(ErrorPartsTable, IsNotThereForRunsOfOlderVersions) {
  std::vector<freeact::Run> runs;
  const Setting setting = setting_of(runs, {run_of("rtn", {{0, "mlp.down", "text", 0.1, 10}})});
  EXPECT_FALSE(error_parts_table(setting).has_value());
  EXPECT_FALSE(truncation_figure(setting).has_value());
}

TEST(RowSpaceReport, AveragesLayersAndSaysWhatIsFree) {
  RunRecord run = plausible_run({"none", 1, 0, 0, true}, "16-bit", 1, 1);
  run.row_spaces = {{0, "mlp.down", "visible", "mask", 8, 4, 2, 1, 0.5, 80, 1, 0.2, 0.01, 0.02},
                    {1, "mlp.down", "visible", "mask", 8, 4, 2, 2, 1.0, 10, 1, 0.4, 0.03, 0.04}};
  run.solution_spaces = {{0, "mlp.down", "mask", 10, 8, 4, 4, 1, 0.01, 0.02, 0.03}};
  const std::vector<freeact::Run> runs = {{1, run}};
  const auto overlaps = row_space_table({&runs[0]}, "W4A4");
  ASSERT_TRUE(overlaps.has_value());
  EXPECT_THAT(texts(overlaps->rows.at(0)), ElementsAre("visible", "mask", "mlp.down", "4.0", "2.0", "1.5", "0.750",
                                                       "45°", "30.0%", "2.00%", "3.00%"));
  const auto solutions = solution_space_table({&runs[0]}, "W4A4");
  ASSERT_TRUE(solutions.has_value());
  EXPECT_EQ(solutions->rows.at(0).at(4).text, "75.0%");  // 1 - 4 4 / 8^2
  EXPECT_FALSE(row_space_table({}, "W4A4").has_value());
}

TEST(SurfaceFigures, ShowMethodsBesideEachOtherOnOneScale) {
  RunRecord none = plausible_run({"none", 1, 0, 0, true}, "16-bit", 1, 1), rtn = run_of("rtn", {});
  none.surfaces = {{0, "mlp.down", "mask", 4, 4, 1, 2, 100, std::string("\xff\x01", 2)}};
  rtn.surfaces = {{0, "mlp.down", "mask", 4, 4, 1, 2, 1, std::string("\xff\x01", 2)}};
  std::vector<freeact::Run> runs;
  const auto figures = surface_figures(setting_of(runs, {none, rtn}));
  ASSERT_EQ(figures.size(), 1U);
  for (const char* shown : {"max 100", "max 1<", "mask tokens", "RTN", "16-bit"})
    EXPECT_THAT(figures[0].svg, HasSubstr(shown));
  // The same codes are not the same colours: RTN's largest value is a hundredth of the scale's.
  EXPECT_THAT(figures[0].svg, HasSubstr(base64(colour_png({255, 1}, 1, 2))));
  EXPECT_THAT(figures[0].svg, HasSubstr(base64(colour_png({26, 0}, 1, 2))));
}

}  // namespace
}  // namespace freeact
