#include "run/runner.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include <cstdio>

#include "run/interruption.h"
#include "run/local_launcher.h"
#include "run/recorder.h"
#include "run/result_table.h"
#include "run/slurm_launcher.h"
#include "store/store.h"

namespace freeact {
namespace {

void erase_finished(std::vector<Job>& open, const Store& store) {
  std::erase_if(open, [&](const Job& job) { return store.has(job.keys.result); });
}

// Reads the tasks' data, so not of cells that are finished.
void tell_costs(std::vector<Job>& open, CellRunner& runner) {
  for (Job& job : open) job.cost = runner.cost(job.cell);
}

std::vector<Run> finished_runs(const std::vector<Job>& jobs, const Store& store) {
  std::vector<Run> runs;
  for (const Job& job : jobs) {
    const auto id = store.find(job.keys.result);
    if (!id) continue;
    RunRecord record = store.load(*id);
    record.samples.clear();  // their scores are in the metrics
    runs.push_back({*id, std::move(record)});
  }
  return runs;
}

// To stdout, of all cells that are finished; not where nobody would read it.
void print_results(const RunRequest& request, const std::vector<Job>& jobs, const Store& store) {
  const bool is_task = !request.cell_file.empty();  // of a cluster
  if (request.quiet || request.json || is_task) return;
  fmt::print("{}", result_tables(finished_runs(jobs, store), mark_style(isatty(STDOUT_FILENO) != 0)));
  std::fflush(stdout);
}

}  // namespace

void run_experiment(const RunRequest& request, const Project& project, const MethodTable& methods) {
  Recorder recorder(request);
  const Interruption interruption([&](int signal) { recorder.interrupted(signal); });
  const int64_t free_bytes = machine_memory().available_bytes;  // before models are loaded, which costs count
  CellRunner runner(project, methods);
  const std::vector<Job> jobs = plan_jobs(request, project, runner);
  const LauncherConfig& launcher = jobs.front().cell.experiment.launcher;
  const bool on_slurm = launcher.name == "slurm";
  std::vector<Job> open = jobs;
  const auto tell_plan = [&] {
    tell_costs(open, runner);
    const int workers = on_slurm ? 0 : fitting_workers(open, free_bytes);
    if (request.dry_run || !request.quiet) print_plan(jobs, open, workers, request.dry_run);
    return workers;
  };
  if (request.dry_run) return tell_plan(), void();
  Store store = Store::open_for_writing(request.database);
  std::optional<SlurmLauncher> slurm;
  if (on_slurm) slurm.emplace(request, launcher, project, recorder);
  if (!request.force) {
    erase_finished(open, store);
    if (slurm) slurm->collect(open, store);
    erase_finished(open, store);
  }
  const int workers = tell_plan();
  recorder.begin(store, open, jobs.size() - open.size());
  if (slurm)
    slurm->run(open);
  else
    run_locally(open, workers, runner, request, recorder);
  recorder.end();
  print_results(request, jobs, store);
  recorder.check();
}

}  // namespace freeact
