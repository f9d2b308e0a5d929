// The same cells on other backends.
#include <gtest/gtest.h>

#include <algorithm>

#include "program.h"
#include "store/store.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

// What a user does to see whether integers give the same answers: two backends of one cell. The second one runs the
// very model that the first one calibrated, and the report lays them side by side.
TEST(Backend, IntegersRunTheModelThatTheSimulatedCellCalibrated) {
  const fs::path folder = fresh_folder("backends"), database = folder / "a.db";
  const Outcome run = run_program(
      "run smoke method=flatquant method.epochs=1 quant=w4a4 seed=1 tasks=[sort] task.num_items=20 "
      "calibration.num_samples=12 "
      "backend=simulated,cpu --multirun --quiet --db " +
          database.string(),
      folder);
  ASSERT_EQ(run.exit_code, 0) << run.error;
  EXPECT_FALSE(fs::exists(database.string() + ".progress")) << "finished work leaves no progress behind";
  const Store store = Store::open_for_reading(database);
  const auto runs = store.runs();
  ASSERT_EQ(runs.size(), 2U);
  const RunRecord simulated = store.load(runs[0].id), integers = store.load(runs[1].id);
  EXPECT_EQ(simulated.layer_errors, integers.layer_errors);
  EXPECT_LT(integers.calibration_s, 0.5 * simulated.calibration_s) << "calibrated twice";
  ASSERT_EQ(
      run_program("report --db " + database.string() + " --out " + (folder / "report").string(), folder).exit_code, 0);
  EXPECT_NE(read_all(folder / "report/report.md").find("Integer arithmetic against simulated"), std::string::npos);
}

TEST(Backend, AnUnknownOneIsRefusedBeforeAnythingRuns) {
  const fs::path folder = fresh_folder("unknown_backend");
  const Outcome run =
      run_program("run smoke method=rtn quant=w4a4 seed=1 backend.name=gpu --db " + (folder / "a.db").string(), folder);
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.error.find("backend.name"), std::string::npos) << run.error;
  EXPECT_FALSE(fs::exists(folder / "a.db"));
}

}  // namespace
}  // namespace freeact
