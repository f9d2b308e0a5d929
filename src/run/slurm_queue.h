// Slurm's commands: sbatch and squeue.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace freeact {

struct QueuedTask {
  std::string job_name;
  int index = 0;       // in its array
  std::string state;   // "PENDING", "RUNNING", "COMPLETING"
  std::string reason;  // why it is pending: "Resources"
};

// As many tasks as a job array may have here.
size_t largest_array();

// Returns the id of the job array. Throws EnvironmentError where Slurm is missing or refuses the script.
std::string submit_array(const std::filesystem::path& script);

// The tasks of these jobs that wait, run or are about to be requeued. Throws EnvironmentError where Slurm is missing or
// does not answer.
std::vector<QueuedTask> queued_tasks(const std::vector<std::string>& job_names);

}  // namespace freeact
