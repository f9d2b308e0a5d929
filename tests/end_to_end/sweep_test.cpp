// A sweep in which something goes wrong.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "end_to_end/program.h"
#include "store/store.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr int kComparisonFailed = 1, kUserInput = 2, kEnvironment = 3;

std::string sweep(const fs::path& database, const std::string& methods = "freeact_brief,none,rtn") {
  return "run smoke method=" + methods +
         " quant=w3a3 seed=1 tasks=[sort] task.num_items=5 "
         "calibration.num_samples=6 --db " +
         database.string();
}

size_t count_runs(const fs::path& database) {
  return fs::exists(database) ? Store::open_for_reading(database).runs().size() : 0;
}

// A file in the place of one cell's progress stops that cell. The place is learnt from the fault that a file in the
// place of all progress makes.
TEST(Sweep, GoesOnWhenACellFailsAndListsItAtTheEnd) {
  const fs::path folder = fresh_folder("failing"), database = folder / "a.db", progress = folder / "a.db.progress";
  std::ofstream(progress) << "in the way";
  const Outcome alone = run_program(sweep(database, "freeact_brief") + " --quiet", folder);
  EXPECT_EQ(alone.exit_code, kEnvironment) << alone.error;
  EXPECT_EQ(std::count(alone.error.begin(), alone.error.end(), '\n'), 1) << "no list of one: " << alone.error;
  const size_t place = alone.error.find("a.db.progress/");
  ASSERT_NE(place, std::string::npos) << alone.error;
  const fs::path in_the_way = folder / alone.error.substr(place, std::string("a.db.progress/0123456789abcdef").size());
  fs::remove(progress);
  fs::create_directory(progress);
  std::ofstream(in_the_way) << "in the way";

  const Outcome run = run_program(sweep(database) + " --json --quiet", folder);
  EXPECT_EQ(run.exit_code, kEnvironment) << run.error;
  EXPECT_EQ(count_runs(database), 2) << run.error;
  EXPECT_EQ(std::count(run.error.begin(), run.error.end(), '\n'), 2) << run.error;
  EXPECT_EQ(run.error.find("freeact_brief W3A3 seed 1: "), 0) << run.error;
  EXPECT_NE(run.error.find("freeact: 1 of 3 cells failed"), std::string::npos) << run.error;
  EXPECT_NE(run.out.find("{\"failed\":\"freeact_brief W3A3 seed 1\",\"error\":"), std::string::npos) << run.out;
  fs::remove(in_the_way);
  const Outcome again = run_program(sweep(database), folder);
  EXPECT_EQ(again.exit_code, 0) << again.error;
  EXPECT_NE(again.error.find("1 cells run, 2 found finished"), std::string::npos) << again.error;
}

TEST(Sweep, EndsPromptlyWhenAskedTo) {
  const fs::path folder = fresh_folder("stopped"), database = folder / "a.db";
  const std::string command = fmt::format("exec {} {} launcher.workers=1 2>{}", FREEACT_PROGRAM, small_run(database),
                                          (folder / "stderr").string());
  const pid_t child = fork();
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  for (int i = 0; i < 600 && count_runs(database) == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  kill(child, SIGTERM);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGTERM);
  const std::string said = read_all(folder / "stderr");
  const std::string remains = fmt::format(
      "freeact: stopped by SIGTERM; {} of 4 cells are finished: the same command goes on", count_runs(database));
  EXPECT_NE(said.find(remains), std::string::npos) << remains << " in " << said;
}

TEST(Sweep, CopiesOfAModelShareItsItemsAndChangeNothing) {
  const fs::path folder = fresh_folder("replicas"), one = folder / "one.db", three = folder / "three.db";
  const std::string batches = " task.batch_size=2 --quiet";
  ASSERT_EQ(run_program(sweep(one, "none,rtn") + batches, folder).exit_code, 0);
  const Outcome shared = run_program(sweep(three, "none,rtn") + batches + " launcher.replicas=3", folder);
  ASSERT_EQ(shared.exit_code, 0) << shared.error;
  EXPECT_EQ(Store::open_for_reading(three).results_digest(), Store::open_for_reading(one).results_digest());
}

TEST(Sweep, ADryRunShowsInWhatCellsDiffer) {
  const fs::path folder = fresh_folder("differences");
  const Outcome plan = run_program(sweep(folder / "a.db", "none,rtn") + " --dry-run", folder);
  EXPECT_EQ(plan.exit_code, 0) << plan.error;
  EXPECT_NE(plan.error.find("            method.name: \"none\" -> \"rtn\"\n"), std::string::npos) << plan.error;
  EXPECT_EQ(plan.error.find("            seed"), std::string::npos) << plan.error;
}

TEST(Sweep, OnSlurmNeedsSlurm) {
  const fs::path folder = fresh_folder("no_slurm"), database = folder / "a.db";
  const Outcome here = run_program(sweep(database) + " launcher.partition=gpu", folder);
  EXPECT_EQ(here.exit_code, kUserInput);
  EXPECT_NE(here.error.find("choose launcher=slurm"), std::string::npos) << here.error;
  const Outcome run = run_program(sweep(database) + " launcher=slurm --quiet", folder, "PATH=/none");
  EXPECT_EQ(run.exit_code, kEnvironment);
  EXPECT_NE(run.error.find("no 'sbatch' on this machine"), std::string::npos) << run.error;
  EXPECT_FALSE(fs::exists(folder / "a.db.slurm/1")) << "nothing was submitted";
}

TEST(Merge, SaysWhatItDidAndNamesWhatItCouldNotDo) {
  const fs::path folder = fresh_folder("merge"), one = folder / "one.db", all = folder / "all.db";
  ASSERT_EQ(run_program(sweep(one) + " --quiet", folder).exit_code, 0);
  std::ofstream(folder / "none.db") << std::string(200, 'x');
  const std::string merge =
      fmt::format("merge {0}/missing.db {0}/none.db {1} --into {2}", folder.string(), one.string(), all.string());
  const Outcome first = run_program(merge, folder);
  EXPECT_EQ(first.exit_code, kUserInput);
  EXPECT_NE(first.out.find("one.db: 3 runs added, 0 there already"), std::string::npos) << first.out;
  for (const char* words : {"missing.db", "none.db", "2 of 3 databases"})
    EXPECT_NE(first.error.find(words), std::string::npos) << words << " in " << first.error;
  const Outcome again = run_program(fmt::format("merge {} --into {} --json", one.string(), all.string()), folder);
  EXPECT_EQ(again.exit_code, 0) << again.error;
  EXPECT_NE(again.out.find("\"runs\":{\"added\":0,\"present\":3}"), std::string::npos) << again.out;

  RunRecord other = Store::open_for_reading(one).load(1);
  other.metrics.front().value += 1;
  Store::open_for_writing(folder / "other.db").add(other);
  const Outcome differing =
      run_program(fmt::format("merge {}/other.db --into {}", folder.string(), all.string()), folder);
  EXPECT_EQ(differing.exit_code, kComparisonFailed);
  EXPECT_NE(differing.error.find(other.key.substr(0, 16)), std::string::npos) << differing.error;
}

}  // namespace
}  // namespace freeact
