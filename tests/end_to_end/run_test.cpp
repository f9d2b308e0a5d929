// The main job as a user meets it: repeatable, resumable after any kill, reported.
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

std::string digest(const fs::path& database) {
  return Store::open_for_reading(database).results_digest();
}

TEST(Run, TwiceGivesIdenticalRows) {
  const fs::path folder = fresh_folder("twice");
  ASSERT_EQ(run_program(small_run(folder / "a.db") + " --quiet", folder).exit_code, 0) << read_all(folder / "stderr");
  ASSERT_EQ(run_program(small_run(folder / "b.db") + " --quiet launcher.workers=1", folder).exit_code, 0);
  EXPECT_EQ(digest(folder / "a.db"), digest(folder / "b.db"));
}

// A release that computes other keys would run all that users have finished again. Where the settings, the data or the
// model of this cell change, so does its key here.
TEST(Run, FinishedCellsAreKnownAcrossReleases) {
  const fs::path folder = fresh_folder("keys");
  const Outcome plan = run_program("run smoke method=rtn quant=w4a4 seed=1 --dry-run", folder);
  ASSERT_EQ(plan.exit_code, 0) << plan.error;
  EXPECT_NE(plan.error.find("\n  1b39cc42  rtn W4A4 seed 1 "), std::string::npos) << plan.error;
}

TEST(Run, FinishedCellsAreSkipped) {
  const fs::path folder = fresh_folder("skipped");
  const std::string rtn =
      "run smoke method=rtn quant=w3a3 seed=1 tasks=[sort] task.num_items=5 --db " + (folder / "a.db").string();
  ASSERT_EQ(run_program(rtn, folder).exit_code, 0);
  const Outcome again = run_program(rtn, folder);
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_NE(again.error.find("0 cells run, 1 found finished"), std::string::npos) << again.error;
}

// Starts the program, kills it hard after a while, and again, until it gets through.
TEST(Run, KilledAtAnyMomentGoesOnToTheSameRows) {
  const fs::path folder = fresh_folder("killed");
  ASSERT_EQ(run_program(small_run(folder / "undisturbed.db") + " --quiet", folder).exit_code, 0);
  const std::string command = fmt::format("{} {} --quiet", FREEACT_PROGRAM, small_run(folder / "killed.db"));
  int kills = 0;
  for (int pause_ms = 1500; kills < 4; pause_ms += 700) {
    const pid_t child = fork();
    if (child == 0) {
      execl("/bin/sh", "sh", "-c", ("exec " + command).c_str(), nullptr);
      _exit(127);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
    int status = 0;
    if (waitpid(child, &status, WNOHANG) == child) break;  // it got through
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    ++kills;
  }
  EXPECT_GT(kills, 0) << "the program was through before it could be killed";
  ASSERT_EQ(run_program(small_run(folder / "killed.db") + " --quiet", folder).exit_code, 0);
  EXPECT_EQ(digest(folder / "killed.db"), digest(folder / "undisturbed.db"));
  EXPECT_FALSE(fs::exists(folder / "killed.db.progress")) << "finished work leaves no progress behind";
}

// As published checkpoints are.
TEST(Run, MethodsTakeAModelInBfloat16) {
  const fs::path folder = fresh_folder("bfloat16");
  const std::string run =
      "run smoke quant=w4a4 seed=1 tasks=[sort] task.num_items=3 model.dtype=bfloat16 "
      "calibration.num_samples=6 --quiet --db " +
      (folder / "a.db").string();
  for (const char* method : {" method=none", " method=quarot", " method=freeact method.epochs=1"}) {
    const Outcome outcome = run_program(run + method, folder);
    EXPECT_EQ(outcome.exit_code, 0) << method << outcome.error;
  }
}

TEST(Run, JsonHasALinePerCell) {
  const fs::path folder = fresh_folder("json");
  const Outcome run = run_program(
      "run smoke method=none seed=1 tasks=[sort] task.num_items=5 --json --quiet --db " + (folder / "a.db").string(),
      folder);
  ASSERT_EQ(run.exit_code, 0) << run.error;
  EXPECT_EQ(std::count(run.out.begin(), run.out.end(), '\n'), 1);
  EXPECT_NE(run.out.find("\"exact_match\""), std::string::npos);
}

TEST(Report, ShowsWhatWasRun) {
  const fs::path folder = fresh_folder("report");
  ASSERT_EQ(run_program(small_run(folder / "a.db") + " --quiet", folder).exit_code, 0);
  ASSERT_EQ(run_program("report --db " + (folder / "a.db").string() + " --out " + (folder / "report").string(), folder)
                .exit_code,
            0);
  const std::string html = read_all(folder / "report/report.html"), text = read_all(folder / "report/report.md");
  for (const auto& word : {"RTN", "FlatQuant", "W3A3", "mask", "<svg"})
    EXPECT_NE(html.find(word), std::string::npos) << word;
  EXPECT_NE(text.find("FlatQuant"), std::string::npos);
  const Outcome show = run_program("show 1 --db " + (folder / "a.db").string(), folder);
  EXPECT_EQ(show.exit_code, 0);
  EXPECT_NE(show.out.find("w_bits: 3"), std::string::npos) << show.out;
}

}  // namespace
}  // namespace freeact
