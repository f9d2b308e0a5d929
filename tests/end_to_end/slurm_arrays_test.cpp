// What is submitted to a Slurm whose job arrays are limited; its commands are scripts that note what they are asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "end_to_end/program.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class SlurmArrays : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fresh_folder("slurm_arrays");
    write_command("squeue", "");
    write_command("sbatch", "echo x >>\"$(dirname \"$0\")/ids\"\necho $((100 + $(wc -l <\"$(dirname \"$0\")/ids\")))");
  }

  void write_command(const std::string& name, const std::string& text) const {
    fs::create_directories(folder_ / "bin");
    std::ofstream(folder_ / "bin" / name) << "#!/bin/bash\n" << text << "\n";
    fs::permissions(folder_ / "bin" / name, fs::perms(0755));
  }

  // Five cells, each with a calibration of its own.
  Outcome submit(const std::string& more) const {
    return run_program(
        "run smoke method=rtn quant=w3a3 seed=1,2,3,4,5 tasks=[sort] launcher=slurm launcher.wait=false "
        "--db " +
            (folder_ / "sweep.db").string() + " " + more,
        folder_, "PATH=" + (folder_ / "bin").string() + ":$PATH");
  }

  std::string script(int submission) const {
    return read_all(folder_ / "sweep.db.slurm" / std::to_string(submission) / "array.sh");
  }

  // Keys of the cells of all tasks, each task a line "key: ...".
  std::multiset<std::string> submitted_keys() const {
    std::multiset<std::string> keys;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "sweep.db.slurm")) {
      if (entry.path().extension() != ".yaml") continue;
      std::istringstream lines(read_all(entry.path()));
      for (std::string line; std::getline(lines, line);)
        if (const size_t at = line.find("- key: "); at != std::string::npos) keys.insert(line.substr(at));
    }
    return keys;
  }

  fs::path folder_;
};

TEST_F(SlurmArrays, NoneIsLargerThanSlurmAllowsAndEveryCellIsInOne) {
  write_command("scontrol", "echo 'MaxArraySize            = 2'");
  const Outcome outcome = submit("");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_THAT(script(1), HasSubstr("\"--array=0-1\""));
  EXPECT_THAT(script(2), HasSubstr("\"--array=0-1\""));
  EXPECT_THAT(script(3), HasSubstr("\"--array=0-0\""));
  EXPECT_THAT(script(3), Not(HasSubstr("--dependency")));
  const auto keys = submitted_keys();
  EXPECT_EQ(keys.size(), 5);
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), 5);
}

TEST_F(SlurmArrays, TheyFollowEachOtherWhereTheTasksAtATimeAreLimited) {
  write_command("scontrol", "echo 'MaxArraySize            = 3'");
  const Outcome outcome = submit("launcher.concurrency=2");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_THAT(script(1), HasSubstr("\"--array=0-2%2\""));
  EXPECT_THAT(script(1), Not(HasSubstr("--dependency")));
  EXPECT_THAT(script(2), HasSubstr("\"--array=0-1%2\""));
  EXPECT_THAT(script(2), HasSubstr("\"--dependency=afterany:101\""));
}

TEST_F(SlurmArrays, OneIsEnoughWhereTheLimitIsNotTold) {
  write_command("scontrol", "echo 'Access denied' >&2; exit 1");
  const Outcome outcome = submit("");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_THAT(script(1), HasSubstr("\"--array=0-4\""));
}

}  // namespace
}  // namespace freeact
