// What a sweep on Slurm keeps beside its database, in the folder DATABASE.slurm:
//
//   CALIBRATION.db            the results of a task, and beside it its saved progress; cells that share a calibration
//                             share a task, which calibrates once. A later submission goes on in the same files.
//   1/, 2/, ...               the submissions, a job array each:
//     array.sh                  the batch script
//     task-N.yaml               the cells of task N (run/cell_file.h)
//     task-N.log                what the task said
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "run/sweep.h"
#include "util/fault.h"

namespace freeact {

struct SlurmTask {
  std::filesystem::path folder;  // of its submission
  int index = 0;                 // in the array
  std::filesystem::path database;
  std::vector<std::string> keys;  // of its cells' results
  int absences = 0;               // how often in a row it was not found in the queue

  // The same for all tasks of a submission, and for none of another one.
  std::string job_name() const;
  std::filesystem::path log() const;
  // What the end of its log says, naming it.
  Fault fault() const;
};

// The jobs in parts, none with more than this many calibrations; jobs of one calibration stay together.
std::vector<std::vector<Job>> parts_of_jobs(const std::vector<Job>& jobs, size_t most_calibrations);

class SlurmFolder {
 public:
  // Of the sweep's database.
  explicit SlurmFolder(const std::filesystem::path& database);

  const std::filesystem::path& path() const { return root_; }

  // Of all submissions, the latest first. Throws UserError when a file was changed by hand.
  std::vector<SlurmTask> tasks() const;

  // The files of a new submission, one of its tasks for each calibration. Throws EnvironmentError when the disk
  // refuses.
  std::vector<SlurmTask> add(const std::vector<Job>& jobs) const;

 private:
  std::filesystem::path new_submission() const;

  std::filesystem::path root_;  // absolute
};

}  // namespace freeact
