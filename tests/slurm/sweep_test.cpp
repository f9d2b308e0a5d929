// A sweep on a real Slurm gives the rows of a local run, whatever is killed on the way.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <thread>

#include "cluster.h"
#include "end_to_end/program.h"
#include "store/store.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr int kEnvironment = 3;

// Five methods and three seeds, as little work each as there can be.
std::string sweep(const fs::path& database) {
  return "run smoke method=rtn,smoothquant,quarot,flatquant_brief,freeact_brief quant=w3a3 seed=1,2,3 tasks=[sort] "
         "task.num_items=10 calibration.num_samples=8 --db " +
         database.string();
}

std::string digest(const fs::path& database) {
  return Store::open_for_reading(database).results_digest();
}

std::map<std::string, std::string> starts_by_key(const fs::path& database) {
  std::map<std::string, std::string> starts;
  for (const auto& run : Store::open_for_reading(database).runs()) starts[run.key] = run.started_at;
  return starts;
}

std::map<std::string, std::string> arms_by_key(const fs::path& database) {
  const Store store = Store::open_for_reading(database);
  std::map<std::string, std::string> arms;
  for (const auto& run : store.runs()) arms[run.key] = store.load(run.id).arm;
  return arms;
}

size_t count_tasks(const fs::path& submission) {
  size_t tasks = 0;
  for (const auto& entry : fs::directory_iterator(submission)) tasks += entry.path().extension() == ".yaml" ? 1 : 0;
  return tasks;
}

pid_t parent_of(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  pid_t parent = 0;
  for (std::string word; parent == 0 && status >> word;)
    if (word == "PPid:") status >> parent;
  return parent;
}

// Programs that run the cells of a task now, and which: "task-7". A program that starts another one is two of the same
// command line for a moment; the child is none of them.
std::map<pid_t, std::string> running_tasks() {
  std::map<pid_t, std::string> processes;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string words = read_all(entry.path() / "cmdline");
    const size_t task = words.find("/slurm.db.slurm/1/task-");
    if (words.starts_with(FREEACT_PROGRAM) && task != std::string::npos)
      processes[std::stoi(name)] = fs::path(words.substr(task).c_str()).stem();
  }
  std::erase_if(processes, [&](const auto& each) { return processes.contains(parent_of(each.first)); });
  return processes;
}

// Kills a task that has just begun, so that it cannot have finished its cell; returns its log.
fs::path kill_next_task(const fs::path& submission) {
  const std::map<pid_t, std::string> before = running_tasks();
  for (int i = 0; i < 6000; ++i, std::this_thread::sleep_for(std::chrono::milliseconds(20)))
    for (const auto& [process, name] : running_tasks())
      if (!before.contains(process) && kill(process, SIGKILL) == 0) return submission / (name + ".log");
  return submission / "none.log";
}

class SlurmSweep : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = SlurmCluster::missing(); !missing.empty())
      GTEST_SKIP() << "no " << missing << " here: apt-get install slurm-wlm munge";
    folder_ = fresh_folder("slurm");
    cluster_.emplace(folder_ / "cluster");
  }

  Outcome run_on_slurm(const std::string& command) const {
    return run_program(command + " launcher=slurm", folder_, cluster_->environment());
  }

  // Long enough for a machine that does other work besides.
  bool wait_for(const std::function<bool()>& holds) const {
    for (int i = 0; i < 3000; ++i, std::this_thread::sleep_for(std::chrono::milliseconds(100)))
      if (holds()) return true;
    return false;
  }

  // The task of this log.
  bool is_running(const fs::path& log) const {
    std::istringstream indices(cluster_->ask("squeue --noheader --array --states=RUNNING --format=task-%K"));
    for (std::string task; std::getline(indices, task);)
      if (log.stem() == task) return true;
    return false;
  }

  fs::path folder_;
  std::optional<SlurmCluster> cluster_;
};

TEST_F(SlurmSweep, EqualsTheLocalRunThoughATaskAndADaemonAreKilled) {
  const fs::path local = folder_ / "local.db", database = folder_ / "slurm.db", left = folder_ / "slurm.db.slurm";
  ASSERT_EQ(run_program(sweep(local) + " --quiet", folder_).exit_code, 0) << read_all(folder_ / "stderr");

  Outcome first;
  std::jthread command([&] { first = run_on_slurm(sweep(database)); });
  EXPECT_TRUE(wait_for([&] { return fs::exists(database) && starts_by_key(database).size() >= 8; }));
  // Slurm must know of the killed task before its node is lost, or it would run the task again as one lost with it.
  const fs::path log = kill_next_task(left / "1");
  EXPECT_TRUE(wait_for([&] { return read_all(log).find("exit code 137") != std::string::npos; })) << log;
  EXPECT_TRUE(wait_for([&] { return !is_running(log); })) << log;
  cluster_->kill_node(1);
  command.join();
  EXPECT_EQ(first.exit_code, kEnvironment) << first.error;
  EXPECT_NE(first.error.find("1 of 15 cells failed"), std::string::npos) << first.error;
  EXPECT_NE(first.error.find("Killed"), std::string::npos) << first.error;
  const auto finished = starts_by_key(database);
  EXPECT_EQ(finished.size(), 14);

  cluster_->start_node(1);
  const Outcome again = run_on_slurm(sweep(database));
  EXPECT_EQ(again.exit_code, 0) << again.error;
  EXPECT_EQ(count_tasks(left / "1"), 15);
  EXPECT_EQ(count_tasks(left / "2"), 1) << "only what was not finished is submitted again";
  EXPECT_EQ(digest(database), digest(local));
  EXPECT_EQ(arms_by_key(database), arms_by_key(local));
  const auto all = starts_by_key(database);
  for (const auto& [key, start] : finished) EXPECT_EQ(all.at(key), start) << "run again";

  const std::string merge = "merge " + left.string() + "/*.db --into " + (folder_ / "merged.db").string();
  EXPECT_EQ(run_program(merge, folder_).exit_code, 0);
  EXPECT_EQ(digest(folder_ / "merged.db"), digest(local));
}

// What Slurm does when it preempts a task.
TEST_F(SlurmSweep, ARequeuedTaskGoesOnAndAnotherCallFindsItInTheQueue) {
  const std::string one =
      "run smoke method=flatquant method.epochs=4 quant=w3a3 seed=1 tasks=[sort] task.num_items=10 "
      "calibration.num_samples=8 --db " +
      (folder_ / "slurm.db").string();
  const Outcome submitted = run_on_slurm(one + " launcher.wait=false");
  ASSERT_EQ(submitted.exit_code, 0) << submitted.error;
  EXPECT_NE(submitted.error.find("freeact merge"), std::string::npos) << submitted.error;
  const fs::path log = folder_ / "slurm.db.slurm/1/task-0.log";
  ASSERT_TRUE(wait_for([&] { return read_all(log).find("1 of them to run") != std::string::npos; }));
  const std::string job = cluster_->ask("squeue --noheader --array --format=%i");
  cluster_->ask("scontrol requeue " + job.substr(0, job.find('\n')));
  const Outcome waited = run_on_slurm(one);
  EXPECT_EQ(waited.exit_code, 0) << waited.error;
  EXPECT_NE(waited.error.find("1 cells are in the queue already"), std::string::npos) << waited.error;
  EXPECT_FALSE(fs::exists(folder_ / "slurm.db.slurm/2"));
  const std::string said = read_all(log);
  EXPECT_NE(said.find("freeact: stopped by SIGTERM"), std::string::npos) << said;
  EXPECT_NE(said.find("exit code 0"), std::string::npos) << said;
}

}  // namespace
}  // namespace freeact
