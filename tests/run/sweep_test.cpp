#include "run/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run/cell_file.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

std::vector<Job> jobs_of(std::initializer_list<int64_t> own_bytes, int workers) {
  std::vector<Job> jobs;
  for (const int64_t bytes : own_bytes) {
    Job job;
    job.cell.experiment.launcher.workers = workers;
    job.cost.weight_bytes = 100;
    job.cost.own_bytes = bytes;
    jobs.push_back(job);
  }
  return jobs;
}

TEST(Sweep, RunsAsManyCellsAtATimeAsMemoryHolds) {
  const std::vector<Job> jobs = jobs_of({10, 50, 40, 30}, 3);
  EXPECT_EQ(fitting_workers(jobs, 1000), 3) << "no more than asked for";
  EXPECT_EQ(fitting_workers(jobs, 220), 3);
  EXPECT_EQ(fitting_workers(jobs, 219), 2) << "the largest may come together";
  EXPECT_EQ(fitting_workers(jobs, 1), 1) << "what is free now may be more soon";
  EXPECT_EQ(fitting_workers(jobs, 0), 3) << "not known";
  EXPECT_THROW(fitting_workers(jobs_of({int64_t{1} << 60}, 1), 0), EnvironmentError);
}

// A task on a cluster runs what was planned.
TEST(CellFile, GivesBackTheCellsThatWerePlanned) {
  const fs::path experiments = fs::path(FREEACT_SOURCE_DIR) / "experiments";
  const fs::path file = fs::path(testing::TempDir()) / "freeact_cells.yaml";
  for (const char* name : {"smoke", "vision", "ablation/freeact_r1_r2", "ablation/calibration_states"}) {
    CellFile written{"/a/results.db", {}};
    const std::vector<Cell> cells = plan_experiment(experiments, name, {}, false);
    for (const auto& cell : cells) {
      CellEntry entry{"key", "label", Json::object(), cell.resolved};
      for (const auto& [axis, value] : cell.choices) entry.choices[axis] = value;
      written.cells.push_back(entry);
    }
    write_cell_file(file, written);
    const CellFile read = read_cell_file(file);
    EXPECT_EQ(read.database, written.database);
    ASSERT_EQ(read.cells.size(), cells.size()) << name;
    for (size_t i = 0; i < cells.size(); ++i) {
      const Cell back = cell_of(read.cells[i]);
      EXPECT_EQ(back.hash, cells[i].hash) << name;
      EXPECT_EQ(back.resolved, cells[i].resolved) << name;
      EXPECT_EQ(back.choices, cells[i].choices) << name;
    }
  }
}

}  // namespace
}  // namespace freeact
