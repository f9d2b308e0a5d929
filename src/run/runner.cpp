#include "run/runner.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <iostream>
#include <set>
#include <thread>

#include "config/plan.h"
#include "config/yaml.h"
#include "run/cell_runner.h"
#include "run/provenance.h"
#include "store/record_json.h"
#include "store/store.h"
#include "util/progress.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

struct Job {
  Cell cell;
  std::string key;
  std::string label;  // "freeact_r0 W3A3 seed 2"
};

// The method by the name of its file where the experiment chooses it, then bits, seed and what else is swept.
std::string label_of(const Cell& cell) {
  const Experiment& e = cell.experiment;
  std::string method = e.method.name, others;
  for (const auto& [axis, value] : cell.choices) {
    if (axis == "method")
      method = value;
    else if (axis != "quant" && axis != "seed")
      others += fmt::format(" {}={}", axis, value);
  }
  const std::string bits = e.quant.label() + fmt::format(" seed {}", e.seed) + others;
  return e.method.name == "none" ? bits : method + ' ' + bits;
}

// What differs between cells is shown as a list, the rest in full.
void print_plan(const std::vector<Job>& jobs, const std::vector<Job>& open) {
  fmt::print(stderr, "{}\n", to_yaml(jobs.front().cell.resolved));
  fmt::print(stderr, "{} cells, {} of them to run:\n", jobs.size(), open.size());
  for (const auto& job : open) fmt::print(stderr, "  {}  {}\n", job.key.substr(0, 8), job.label);
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
    for (const auto& job : jobs) label_width_ = std::max(label_width_, job.label.size());
  }

  void run(int workers) {
    std::vector<std::thread> threads;
    for (int i = 0; i < workers; ++i) threads.emplace_back([this] { work(); });
    for (auto& thread : threads) thread.join();
    if (fault_) std::rethrow_exception(fault_);
  }

 private:
  void work() {
    at::set_num_threads(1);  // cells run side by side; one thread each makes their sums independent of the machine
    for (size_t i = next_++; i < jobs_.size() && !stopped_; i = next_++) {
      try {
        finish(jobs_[i]);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!fault_) fault_ = std::current_exception();
        stopped_ = true;
      }
    }
  }

  void finish(const Job& job) {
    const fs::path folder = fs::path(request_.database.string() + ".progress") / job.key.substr(0, 16);
    RunRecord record = runner_.run(job.cell, folder, [&](const std::string& note) {
      progress_.advance(0, fmt::format("{}: {}", job.label, note));
    });
    record.key = job.key;
    {
      const std::lock_guard lock(mutex_);
      const int64_t id = store_.add(record, request_.force);
      if (request_.json) print_json(record, id);
    }
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    fs::remove(folder.parent_path(), ignored);  // goes only when empty
    progress_.say(fmt::format("{:<{}}{}", job.label, label_width_, headline(record)));
    progress_.advance(1, job.label);
  }

  CellRunner& runner_;
  Store& store_;
  const RunRequest& request_;
  const std::vector<Job>& jobs_;
  Progress progress_;
  size_t label_width_ = 0;
  std::mutex mutex_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> stopped_ = false;
  std::exception_ptr fault_;
};

std::vector<Job> plan_jobs(const RunRequest& request, const Project& project, CellRunner& runner) {
  std::vector<Job> jobs;
  for (auto& cell : plan_experiment(project.experiments(), request.experiment, request.overrides, request.multirun)) {
    cell.resolved = runner.validate(cell);
    std::string key = runner.key(cell), label = label_of(cell);
    jobs.push_back({std::move(cell), std::move(key), std::move(label)});
  }
  return jobs;
}

}  // namespace

void run_experiment(const RunRequest& request, const Project& project, const MethodTable& methods) {
  CellRunner runner(project, methods);
  const std::vector<Job> jobs = plan_jobs(request, project, runner);
  std::vector<Job> open = jobs;
  if (request.dry_run) return print_plan(jobs, open);
  Store store = Store::open_for_writing(request.database);
  if (!request.force) std::erase_if(open, [&](const Job& job) { return store.has(job.key); });
  if (!request.quiet) print_plan(jobs, open);
  const Stopwatch watch;
  WorkQueue(runner, store, request, open).run(std::max(1, jobs.front().cell.experiment.launcher.workers));
  if (!request.quiet)
    fmt::print(stderr, "done: {} cells run, {} found finished, {} in {}\n", open.size(), jobs.size() - open.size(),
               format_duration(watch.seconds()), request.database.string());
}

}  // namespace freeact
