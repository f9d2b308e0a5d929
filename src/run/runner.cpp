#include "run/runner.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <mutex>
#include <set>

#include "config/plan.h"
#include "config/yaml.h"
#include "run/cell_runner.h"
#include "run/provenance.h"
#include "run/saved_model.h"
#include "run/workers.h"
#include "store/record_json.h"
#include "store/store.h"
#include "util/progress.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

struct Job {
  Cell cell;
  CellKeys keys;
  std::string label;  // "freeact_r0 W3A3 seed 2"
  CellCost cost;
};

int workers_of(const std::vector<Job>& jobs) {
  return std::max(1, jobs.front().cell.experiment.launcher.workers);
}

int64_t memory_of(const std::vector<Job>& jobs) {
  std::vector<CellCost> costs;
  for (const auto& job : jobs) costs.push_back(job.cost);
  return memory_of(costs, workers_of(jobs));
}

// What differs between cells is shown as a list, the rest in full.
void print_plan(const std::vector<Job>& jobs, const std::vector<Job>& open) {
  fmt::print(stderr, "{}\n", to_yaml(jobs.front().cell.resolved));
  fmt::print(stderr, "{} cells, {} of them to run:\n", jobs.size(), open.size());
  size_t width = 0;
  for (const auto& job : open) width = std::max(width, job.label.size());
  for (const auto& job : open)
    fmt::print(stderr, "  {}  {:<{}}  at most {}\n", job.keys.result.substr(0, 8), job.label, width,
               cost_text(job.cost));
  if (!open.empty())
    fmt::print(stderr, "memory, estimated: {} with {} cells at a time; this machine has {}, {} of them free\n",
               gibibytes(memory_of(open)), std::min<size_t>(open.size(), workers_of(open)),
               gibibytes(machine_memory().total_bytes), gibibytes(machine_memory().available_bytes));
}

// Before hours of work end in a process that the system kills.
void check_memory(const std::vector<Job>& open) {
  const int64_t total = machine_memory().total_bytes;
  if (open.empty() || total == 0 || memory_of(open) <= total) return;
  throw EnvironmentError(
      "the cells need about {}, but this machine has {}: lower launcher.workers, task.batch_size, or "
      "calibration.num_samples and sequence_length",
      gibibytes(memory_of(open)), gibibytes(total));
}

// The first metric of each task.
std::string headline(const RunRecord& record) {
  std::string text;
  std::set<std::string> told;
  for (const auto& metric : record.metrics)
    if (metric.group.empty() && told.insert(metric.task).second)
      text += metric.unit == "%" ? fmt::format("  {} {:.1f} %", metric.task, metric.value)
                                 : fmt::format("  {} {:.4f} {}", metric.task, metric.value, metric.unit);
  return text;
}

// What a training did to stay finite.
std::vector<std::string> warnings_of(const RunRecord& record) {
  std::vector<std::string> warnings;
  for (const auto& training : record.block_trainings)
    for (const auto& warning : training.warnings)
      warnings.push_back(fmt::format("warning: layer {}: {}", training.layer, warning));
  return warnings;
}

void print_json(const RunRecord& record, int64_t id) {
  Json line = {{"id", id}};
  line.update(record_json(record));
  std::cout << line.dump() << std::endl;
}

// Works through the open cells, several at a time. The first fault stops all workers; finished cells stay recorded.
class WorkQueue {
 public:
  WorkQueue(CellRunner& runner, Store& store, const RunRequest& request, const std::vector<Job>& jobs)
      : runner_(runner),
        store_(store),
        request_(request),
        jobs_(jobs),
        progress_("cells", static_cast<int64_t>(jobs.size()), request.quiet) {
    for (const auto& job : jobs) {
      label_width_ = std::max(label_width_, job.label.size());
      ++calibrations_[job.keys.calibration].open_jobs;
    }
  }

  void run(int workers) {
    run_side_by_side(jobs_.size(), workers, [this](size_t i) { finish(jobs_[i]); });
    std::error_code ignored;
    fs::remove(progress_root(), ignored);  // goes only when empty, and not while a worker is about to write there
  }

 private:
  fs::path progress_root() const { return request_.database.string() + ".progress"; }

  void finish(const Job& job) {
    SharedCalibration& calibration = calibrations_.at(job.keys.calibration);
    const std::lock_guard one_at_a_time(calibration.in_use);
    const fs::path folder = progress_root() / job.keys.calibration.substr(0, 16);
    RunRecord record = runner_.run(job.cell, folder, [&](const std::string& note) {
      progress_.advance(0, fmt::format("{}: {}", job.label, note));
    });
    record.key = job.keys.result;
    record.arm = arm_name(job.cell);
    {
      const std::lock_guard lock(mutex_);
      const int64_t id = store_.add(record, request_.force);
      if (request_.json) print_json(record, id);
    }
    std::error_code ignored;
    if (--calibration.open_jobs == 0) fs::remove_all(folder, ignored);
    for (const auto& warning : warnings_of(record)) progress_.say(job.label + ": " + warning);
    progress_.say(fmt::format("{:<{}}{}", job.label, label_width_, headline(record)));
    progress_.advance(1, job.label);
  }

  // Cells with one quantised model, of which the first calibrates it.
  struct SharedCalibration {
    std::mutex in_use;
    int open_jobs = 0;
  };

  CellRunner& runner_;
  Store& store_;
  const RunRequest& request_;
  const std::vector<Job>& jobs_;
  Progress progress_;
  std::map<std::string, SharedCalibration> calibrations_;
  size_t label_width_ = 0;
  std::mutex mutex_;
};

std::vector<Job> plan_jobs(const RunRequest& request, const Project& project, CellRunner& runner) {
  std::vector<Job> jobs;
  for (auto& cell : plan_experiment(project.experiments(), request.experiment, request.overrides, request.multirun)) {
    if (cell.experiment.stream.is_set())
      throw UserError("experiment '{0}' is a stream: 'freeact stream {0}' runs it", request.experiment);
    cell = with_saved_settings(std::move(cell), project);
    cell.resolved = runner.validate(cell);
    CellKeys keys = runner.keys(cell);
    const auto is_same = [&](const Job& job) { return job.keys.result == keys.result; };
    if (std::any_of(jobs.begin(), jobs.end(), is_same)) continue;  // what differed is the saved model's
    std::string label = cell_label(cell);
    jobs.push_back({std::move(cell), std::move(keys), std::move(label), {}});
  }
  return jobs;
}

// The method by the name of its file where the experiment chooses it.
std::string method_choice(const Cell& cell) {
  for (const auto& [axis, value] : cell.choices)
    if (axis == "method") return value;
  return cell.experiment.method.name;
}

// " method.rank=4": the choices but those named.
std::string other_choices(const Cell& cell, const std::set<std::string>& named) {
  std::string text;
  for (const auto& [axis, value] : cell.choices)
    if (!named.contains(axis)) text += fmt::format(" {}={}", axis, value);
  return text;
}

}  // namespace

std::string cell_label(const Cell& cell) {
  const Experiment& e = cell.experiment;
  const std::string bits =
      e.quant.label() + fmt::format(" seed {}", e.seed) + other_choices(cell, {"method", "quant", "seed"});
  return e.method.name == "none" ? bits : method_choice(cell) + ' ' + bits;
}

std::string arm_name(const Cell& cell) {
  return method_choice(cell) + other_choices(cell, {"method", "quant", "seed", "backend"});
}

void run_experiment(const RunRequest& request, const Project& project, const MethodTable& methods) {
  CellRunner runner(project, methods);
  const std::vector<Job> jobs = plan_jobs(request, project, runner);
  std::vector<Job> open = jobs;
  const auto tell_costs = [&] {  // reads the tasks' data, so not of cells that are finished
    for (Job& job : open) job.cost = runner.cost(job.cell);
  };
  if (request.dry_run) return tell_costs(), print_plan(jobs, open);
  Store store = Store::open_for_writing(request.database);
  if (!request.force) std::erase_if(open, [&](const Job& job) { return store.has(job.keys.result); });
  tell_costs();
  if (!request.quiet) print_plan(jobs, open);
  check_memory(open);
  const Stopwatch watch;
  WorkQueue(runner, store, request, open).run(workers_of(jobs));
  if (!request.quiet)
    fmt::print(stderr, "done: {} cells run, {} found finished, {} in {}\n", open.size(), jobs.size() - open.size(),
               format_duration(watch.seconds()), request.database.string());
}

}  // namespace freeact
