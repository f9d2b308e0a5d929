// What a training and the 16-bit model leave in the database, as a user meets it.
#include <gtest/gtest.h>

#include "end_to_end/program.h"
#include "store/store.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

std::string train_command(const fs::path& folder) {
  return "train " + (folder / "recipe.yaml").string() + " --out " + (folder / "model").string() + " --db " +
         (folder / "a.db").string() + " --quiet";
}

TEST(Train, TheCurveIsInTheDatabaseAndTheReport) {
  const fs::path folder = fresh_folder("train");
  std::ofstream(folder / "recipe.yaml")
      << "name: tiny_trial\npuzzles: [sort]\nsteps: 6\nsave_every: 2\nbatch_per_puzzle: 2\n"
         "network: {width: 16, heads: 2, layers: 1, mlp_width: 32}\n";
  for (int repeat = 0; repeat < 2; ++repeat)  // a finished training adds nothing
    ASSERT_EQ(run_program(train_command(folder), folder).exit_code, 0) << read_all(folder / "stderr");
  const auto curves = Store::open_for_reading(folder / "a.db").trainings();
  ASSERT_EQ(curves.size(), 1U);
  EXPECT_EQ(curves[0].name, "tiny_trial");
  ASSERT_EQ(curves[0].points.size(), 3U);
  EXPECT_EQ(curves[0].points.back().step, curves[0].steps);
  EXPECT_GT(curves[0].points.back().losses.at("sort"), 0);
  EXPECT_TRUE(curves[0].points.back().metrics.contains("exact_match sort"));
  ASSERT_EQ(run_program("report --db " + (folder / "a.db").string() + " --out " + (folder / "report").string(), folder)
                .exit_code,
            0);
  EXPECT_NE(read_all(folder / "report/report.html").find("tiny_trial (recipe "), std::string::npos);
}

std::vector<ActivationStatistics> activations_of(const std::string& method, const std::string& overrides) {
  const fs::path folder = fresh_folder("activations");
  const Outcome run = run_program(
      "run smoke quant=w4a4 seed=1 tasks=[sort] task.num_items=2 calibration.num_samples=8 "
      "--quiet method=" +
          method + " " + overrides + " --db " + (folder / "a.db").string(),
      folder);
  EXPECT_EQ(run.exit_code, 0) << run.error;
  return run.exit_code == 0 ? Store::open_for_reading(folder / "a.db").load(1).activations
                            : std::vector<ActivationStatistics>{};
}

TEST(Activations, AreMeasuredOnceWithThe16BitModel) {
  const auto statistics = activations_of("none", "");
  ASSERT_FALSE(statistics.empty());
  for (const auto& a : statistics) {
    EXPECT_GE(a.effective_rank, 1 - 1e-6);
    EXPECT_LE(a.effective_rank, static_cast<double>(a.width));
    EXPECT_GE(a.mean_share, 0);
    EXPECT_LE(a.mean_share, 1 + 1e-6);
  }
  EXPECT_TRUE(activations_of("rtn", "").empty());
}

TEST(Activations, The16BitModelRunsWithoutCalibrationData) {
  EXPECT_TRUE(activations_of("none", "calibration.dataset=not_here").empty());
}

}  // namespace
}  // namespace freeact
