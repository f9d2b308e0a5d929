// Benchmarks as a user runs them, on the sample items that need no import.
#include <gtest/gtest.h>

#include "end_to_end/program.h"
#include "store/store.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

std::string trial(const fs::path& database) {
  return "run smoke method=none seed=1 tasks=[gsm8k] task.items=sample limit=3 task.generation.max_new_tokens=8 "
         "task.generation.steps=4 task.generation.block_length=8 --quiet --db " +
         database.string();
}

TEST(Benchmark, KeepsWhatEveryItemWasAskedAndAnswered) {
  const fs::path folder = fresh_folder("benchmark");
  const Outcome run = run_program(trial(folder / "a.db"), folder);
  ASSERT_EQ(run.exit_code, 0) << run.error;
  const RunRecord record = Store::open_for_reading(folder / "a.db").load(1);
  ASSERT_EQ(record.samples.size(), 3U);
  for (const Sample& sample : record.samples) {
    ASSERT_TRUE(sample.details);
    EXPECT_EQ(sample.details->prompt.starts_with("Question: "), true) << sample.details->prompt;
    EXPECT_NE(sample.details->judged.find("lm-eval/gsm8k/strict-match"), std::string::npos);
    EXPECT_EQ(sample.details->steps, 4);
  }
  EXPECT_EQ(record.metrics.at(0).count, 3);
  EXPECT_EQ(record.metrics.at(0).population, 10);
}

TEST(Benchmark, ThePlanTellsForwardPassesAndMemory) {
  const fs::path folder = fresh_folder("plan");
  const Outcome plan = run_program(trial(folder / "a.db") + " --dry-run", folder);
  ASSERT_EQ(plan.exit_code, 0) << plan.error;
  EXPECT_NE(plan.error.find("at most 4 forward passes, 0.1 GiB"), std::string::npos) << plan.error;
  EXPECT_NE(plan.error.find("memory, estimated: "), std::string::npos) << plan.error;
}

TEST(Benchmark, MissingDataAreNamedAllAtOnceWithTheirCommands) {
  const fs::path folder = fresh_folder("missing");
  const Outcome run =
      run_program("run smoke method=none seed=1 tasks=[humaneval,gsm8k_cot] --db " + (folder / "a.db").string(), folder,
                  "env -u FREEACT_DATA XDG_CACHE_HOME=" + (folder / "cache").string());
  EXPECT_EQ(run.exit_code, 3) << run.error;
  for (const char* command : {"`freeact data import gsm8k ", "`freeact data import humaneval ",
                              "`freeact data import harness_prompts`", "task.items=sample"})
    EXPECT_NE(run.error.find(command), std::string::npos) << run.error;
}

TEST(Benchmark, AnUnknownOneIsRefusedWithTheNearest) {
  const fs::path folder = fresh_folder("unknown");
  const Outcome run = run_program(trial(folder / "a.db") + " task.dataset=gsm8k/cott", folder);
  EXPECT_EQ(run.exit_code, 2) << run.error;
  EXPECT_NE(run.error.find("gsm8k/cot"), std::string::npos) << run.error;
}

}  // namespace
}  // namespace freeact
