// `freeact doctor` where the suite's own tests run: nothing may be missing there.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "end_to_end/program.h"

namespace freeact {
namespace {

TEST(Doctor, FindsNothingMissingWithoutAGpuOrACheckpointOfTheUsers) {
  const auto folder = fresh_folder("doctor");
  const Outcome outcome = run_program("doctor --json", folder, "env -u MLLM FREEACT_INSTRUCTION_SET=portable");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  std::istringstream lines(outcome.out);
  std::set<std::string> subjects;
  for (std::string line; std::getline(lines, line);) {
    const auto finding = nlohmann::json::parse(line);
    subjects.insert(finding["subject"]);
    EXPECT_TRUE(finding["good"]) << line;
    const bool names_set = line.find("portable") != std::string::npos;
    EXPECT_EQ(names_set, finding["subject"] == "instructions") << line;
  }
  EXPECT_TRUE(subjects.contains("GPU"));
  EXPECT_TRUE(subjects.contains("instructions"));
}

TEST(Doctor, SaysWhatToDoAboutADamagedDatabase) {
  const auto folder = fresh_folder("doctor"), database = folder / "results.db";
  ASSERT_EQ(
      run_program(
          "run smoke method=rtn quant=w3a3 seed=1 tasks=[sort] task.num_items=10 calibration.num_samples=8 --db " +
              database.string(),
          folder)
          .exit_code,
      0);
  EXPECT_EQ(run_program("doctor --db " + database.string(), folder).exit_code, 0) << read_all(folder / "stdout");
  std::fstream file(database, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(database) / 2));
  file << std::string(9000, '\xA5') << std::flush;
  const Outcome outcome = run_program("doctor --db " + database.string(), folder);
  EXPECT_EQ(outcome.exit_code, 3) << outcome.error;
  EXPECT_NE(outcome.out.find("results.db' is damaged"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("freeact merge"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace freeact
