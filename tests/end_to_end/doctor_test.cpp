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

}  // namespace
}  // namespace freeact
