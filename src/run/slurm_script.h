// The batch script of a sweep's job array.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "config/experiment.h"

namespace freeact {

struct SlurmArray {
  std::string job_name;
  std::filesystem::path folder;  // absolute; holds task-N.yaml for each task and takes task-N.log
  size_t num_tasks = 0;
  std::filesystem::path program;                                 // absolute
  std::vector<std::pair<std::string, std::string>> environment;  // set for the program
  std::string after = {};  // the id of a job array that must have ended before this one begins; empty: none
};

// A bash script with all options, so that `sbatch SCRIPT` alone submits it. Task N runs the cells of task-N.yaml; the
// last line of its log is "exit code CODE" once the program has ended. Preempted and requeued by Slurm, or near its
// time limit and requeued by itself, it goes on where it was.
std::string batch_script(const SlurmArray& array, const LauncherConfig& launcher);

}  // namespace freeact
