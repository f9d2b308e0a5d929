#include "run/local_launcher.h"

#include <ATen/ATen.h>

#include <map>
#include <mutex>

#include "run/workers.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

// Less is as good as none: a few blocks' progress does not fit.
constexpr uintmax_t kLeastSpace = 1 << 20;

bool disk_is_full(const fs::path& database) {
  std::error_code error;
  const fs::space_info space = fs::space(fs::absolute(database).parent_path(), error);
  return !error && space.available < kLeastSpace;
}

// Works through the open cells, several at a time.
class WorkQueue {
 public:
  WorkQueue(CellRunner& runner, const RunRequest& request, const std::vector<Job>& jobs, Recorder& recorder)
      : runner_(runner), request_(request), jobs_(jobs), recorder_(recorder) {
    for (const auto& job : jobs) ++calibrations_[job.keys.calibration].open_jobs;
  }

  void run(int workers) {
    run_side_by_side(jobs_.size(), workers, [this](size_t i) { finish(jobs_[i]); });
    std::error_code ignored;
    fs::remove(progress_root(), ignored);  // goes only when empty, and not while a worker is about to write there
  }

 private:
  // Cells with one quantised model, of which the first calibrates it.
  struct SharedCalibration {
    std::mutex in_use;
    int open_jobs = 0;
  };

  fs::path progress_root() const { return request_.database.string() + ".progress"; }

  void finish(const Job& job) {
    SharedCalibration& calibration = calibrations_.at(job.keys.calibration);
    const std::lock_guard one_at_a_time(calibration.in_use);
    const fs::path folder = progress_root() / job.keys.calibration.substr(0, 16);
    const std::optional<RunRecord> record = run(job, folder);
    if (!record) return;
    recorder_.finished(job, *record);
    std::error_code ignored;
    if (--calibration.open_jobs == 0) fs::remove_all(folder, ignored);
  }

  // Nothing when the cell fails.
  std::optional<RunRecord> run(const Job& job, const fs::path& progress_folder) {
    try {
      RunRecord record = runner_.run(job.cell, progress_folder, [&](const std::string& note) {
        recorder_.note(fmt::format("{}: {}", job.label, note));
      });
      record.key = job.keys.result;
      record.arm = arm_name(job.cell);
      return record;
    } catch (...) {
      const Fault fault = current_fault();
      if (fault.code == ExitCode::kEnvironment && disk_is_full(request_.database)) throw;
      recorder_.failed(job, fault);
      return std::nullopt;
    }
  }

  CellRunner& runner_;
  const RunRequest& request_;
  const std::vector<Job>& jobs_;
  Recorder& recorder_;
  std::map<std::string, SharedCalibration> calibrations_;
};

}  // namespace

void run_locally(const std::vector<Job>& open, int workers, CellRunner& runner, const RunRequest& request,
                 Recorder& recorder) {
  WorkQueue(runner, request, open, recorder).run(workers);
}

}  // namespace freeact
