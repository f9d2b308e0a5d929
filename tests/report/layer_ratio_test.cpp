#include "report/layer_ratio.h"

#include <gtest/gtest.h>

#include "plausible_runs.h"

namespace freeact {
namespace {

RunRecord run_of(const std::string& method, int seed, double text, double vision) {
  RunRecord run = plausible_run({method, 1, 0.1, 0, true}, "W4A4", seed, 1);
  run.layer_errors = {{0, "mlp.down", "text", text, 10}, {1, "mlp.down", "vision", vision, 10}};
  return run;
}

// Pairs seeds, whatever order they were run in; a method that is always better by the same factor is separable.
TEST(LayerRatioTable, ComparesEqualSeeds) {
  std::vector<freeact::Run> runs;
  for (const auto& record : {run_of("flatquant", 1, 0.1, 0.3), run_of("flatquant", 2, 0.2, 0.6),
                             run_of("flatquant", 3, 0.4, 1.2), run_of("freeact_plus", 3, 0.1, 0.5),
                             run_of("freeact_plus", 1, 0.02, 0.13), run_of("freeact_plus", 2, 0.05, 0.25)})
    runs.push_back(make_run(std::ssize(runs) + 1, record));
  const Setting setting = make_settings(runs).at(0);
  const auto table = layer_ratio_table(setting);
  ASSERT_TRUE(table.has_value());
  ASSERT_EQ(table->rows.size(), 1U);
  EXPECT_EQ(table->rows[0][1].text, "3");
  EXPECT_EQ(table->rows[0][2].text, "0.375");
  EXPECT_EQ(table->rows[0][5].text, "100%");
  EXPECT_EQ(table->rows[0][6].text, "lower (better)");
}

// Where FlatQuant was run in several ways, methods are held against the one that its paper describes.
TEST(LayerRatioTable, TheReferenceIsThePlainestFlatQuant) {
  RunRecord started = run_of("flatquant", 1, 0.4, 0.4);
  started.resolved_config += "extra: wush\n";
  const std::vector<freeact::Run> runs = {
      {1, started}, {2, run_of("flatquant", 1, 0.2, 0.2)}, {3, run_of("rtn", 1, 0.6, 0.6)}};
  const auto table = layer_ratio_table(make_settings(runs).at(0));
  ASSERT_TRUE(table.has_value());
  EXPECT_EQ(table->rows[0][2].text, "3.00");
}

TEST(LayerRatioTable, IsNotThereWithoutFlatQuant) {
  std::vector<freeact::Run> runs = {{1, run_of("freeact_plus", 1, 0.1, 0.1)}};
  EXPECT_FALSE(layer_ratio_table(make_settings(runs).at(0)).has_value());
}

}  // namespace
}  // namespace freeact
