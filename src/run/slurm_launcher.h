// Runs cells as tasks of a Slurm job array, each into a database of its own.
#pragma once

#include <optional>
#include <vector>

#include "run/project.h"
#include "run/recorder.h"
#include "run/slurm_folder.h"
#include "run/slurm_queue.h"

namespace freeact {

// All members throw EnvironmentError where Slurm is missing or refuses.
class SlurmLauncher {
 public:
  // Throws UserError when the request cannot be met.
  SlurmLauncher(const RunRequest& request, const LauncherConfig& launcher, const Project& project, Recorder& recorder);

  // Puts what tasks of earlier calls have finished into the store.
  void collect(const std::vector<Job>& open, Store& store) const;

  // Submits what no task of an earlier call is at. Unless launcher.wait is off, waits until all are through, records
  // what they finished, and as failed what they did not.
  void run(const std::vector<Job>& open);

 private:
  // Tasks of earlier calls, each with those of its cells that are open.
  struct EarlierTasks {
    std::vector<SlurmTask> queued;  // waiting or running
    std::vector<SlurmTask> idle;    // their databases are nobody's now
  };
  EarlierTasks earlier_tasks(const std::vector<Job>& open) const;
  void submit(const std::vector<Job>& jobs);
  // Returns the array's id.
  std::string submit_array_of(const std::vector<Job>& jobs, const std::string& after);
  void wait(const std::vector<Job>& open);
  std::optional<std::vector<QueuedTask>> ask();
  bool is_over(SlurmTask& task, const std::vector<Job>& open, const std::vector<QueuedTask>& queue);

  const RunRequest& request_;
  const LauncherConfig& launcher_;
  const Project& project_;
  Recorder& recorder_;
  SlurmFolder folder_;
  std::vector<SlurmTask> tasks_;  // that are waited for
  Stopwatch silence_;             // since Slurm answered
};

}  // namespace freeact
