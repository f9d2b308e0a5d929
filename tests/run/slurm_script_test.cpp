#include "run/slurm_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

TEST(SlurmScript, HasWhatIsSetAndLeavesTheRestToTheSite) {
  LauncherConfig launcher;
  launcher.gpus = 2;
  launcher.partition = "a \"b\"";
  launcher.time = "04:00:00";
  launcher.concurrency = 3;
  launcher.modules = {"cuda/12.8", "it's"};
  launcher.options = {"--qos=long"};
  const std::string script = batch_script(
      {.job_name = "x", .folder = "/a 100%", .num_tasks = 15, .program = "/p", .environment = {}}, launcher);
  EXPECT_THAT(script,
              AllOf(HasSubstr("#!/bin/bash -l\n"), HasSubstr("\n#SBATCH \"--array=0-14%3\"\n"),
                    HasSubstr("\n#SBATCH \"--gres=gpu:2\"\n"), HasSubstr("\n#SBATCH \"--time=04:00:00\"\n"),
                    HasSubstr("\n#SBATCH \"--partition=a \\\"b\\\"\"\n"), HasSubstr("\n#SBATCH \"--qos=long\"\n"),
                    HasSubstr("\n#SBATCH \"--output=/a 100%%/task-%a.log\"\n"), HasSubstr("\n#SBATCH \"--requeue\"\n"),
                    HasSubstr("\n#SBATCH \"--open-mode=append\"\n")));
  EXPECT_THAT(script, AllOf(HasSubstr("\nmodule load 'cuda/12.8'\nmodule load 'it'\\''s'\n"), Not(HasSubstr("--mem")),
                            Not(HasSubstr("--account"))));
}

TEST(SlurmScript, WaitsForTheArrayBeforeIt) {
  SlurmArray array = {.job_name = "x", .folder = "/a", .num_tasks = 1, .program = "/p", .environment = {}};
  EXPECT_THAT(batch_script(array, LauncherConfig()), Not(HasSubstr("--dependency")));
  array.after = "42";
  EXPECT_THAT(batch_script(array, LauncherConfig()), HasSubstr("\n#SBATCH \"--dependency=afterany:42\"\n"));
}

// The script with a program that ends when it is told to, and an scontrol that notes what it is asked for.
class RunningScript : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "freeact it's_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    write_program("program",
                  "trap 'echo stopped; exit 143' TERM\necho \"$@ $FREEACT_DATA\"\ntouch \"$0.started\"\n"
                  "for i in $(seq 100); do sleep 0.1; done\n");
    write_program("scontrol", "echo \"$@\" >\"$(dirname \"$0\")/requeued\"\n");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write_program(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << "#!/bin/bash\n" << text;
    fs::permissions(folder_ / name, fs::perms(0755));
  }

  // What the log has after the script got the signal; expects the program's exit code.
  std::string log_after(int signal, const char* restarts) const {
    const SlurmArray array = {.job_name = "x",
                              .folder = folder_,
                              .num_tasks = 1,
                              .program = folder_ / "program",
                              .environment = {{"FREEACT_DATA", "my 'data'"}}};
    write_file_atomically(folder_ / "array.sh", batch_script(array, LauncherConfig()));
    const pid_t script = fork();
    if (script == 0) {
      setenv("PATH", (folder_.string() + ":" + getenv("PATH")).c_str(), 1);
      setenv("SLURM_ARRAY_TASK_ID", "7", 1);
      setenv("SLURM_JOB_ID", "42", 1);
      setenv("SLURM_RESTART_COUNT", restarts, 1);
      if (freopen((folder_ / "log").c_str(), "w", stdout) != nullptr)
        execl("/bin/bash", "bash", (folder_ / "array.sh").c_str(), nullptr);
      _exit(127);
    }
    for (int i = 0; i < 100 && !fs::exists(folder_ / "program.started"); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    kill(script, signal);
    int status = 0;
    waitpid(script, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 143);
    return read_file(folder_ / "log");
  }

  fs::path folder_;
};

TEST_F(RunningScript, QueuesItselfAgainWhenItsTimeIsUp) {
  const std::string task = folder_.string() + "/task-7.yaml";
  EXPECT_EQ(log_after(SIGUSR1, "0"), "run --cells " + task + " my 'data'\nstopped\nexit code 143\n");
  EXPECT_EQ(read_file(folder_ / "requeued"), "requeue 42\n");
}

TEST_F(RunningScript, ButNotForEver) {
  EXPECT_THAT(log_after(SIGUSR1, "10"), EndsWith("exit code 143\n"));
  EXPECT_FALSE(fs::exists(folder_ / "requeued"));
}

TEST_F(RunningScript, NorWhenItIsCancelledOrPreempted) {
  EXPECT_THAT(log_after(SIGTERM, "0"), EndsWith("stopped\nexit code 143\n"));
  EXPECT_FALSE(fs::exists(folder_ / "requeued"));
}

}  // namespace
}  // namespace freeact
