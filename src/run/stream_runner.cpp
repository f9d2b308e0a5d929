#include "run/stream_runner.h"

#include <ATen/ATen.h>

#include <iostream>
#include <mutex>

#include "config/yaml.h"
#include "run/stream_run.h"
#include "run/workers.h"
#include "store/store.h"
#include "util/hash.h"
#include "util/progress.h"

namespace freeact {
namespace {

// The cell as if it were calibrated on the stream's later data.
Cell later_cell(const Cell& cell) {
  Cell later = cell;
  later.experiment.calibration = cell.experiment.stream.calibration;
  later.resolved["calibration"] = cell.resolved["stream"]["calibration"];
  return later;
}

void check_adapts(const Cell& cell, const Json& method) {
  if (refreshable_arms(method).size() < 2)
    throw located("method.name",
                  fmt::format("method '{}' keeps neither means nor directions, so that nothing can adapt: choose "
                              "freeact_plus with 'type_mean' or 'branch' other than none",
                              cell.experiment.method.name),
                  cell.places);
}

// Windows are made of sequences that calibration sets aside, as many as it learns from.
void check_samples(const Cell& cell) {
  const StreamConfig& s = cell.experiment.stream;
  const auto check = [&](const std::string& group, const CalibrationConfig& calibration, int windows) {
    const std::string key = group + ".num_samples";
    if (calibration.num_samples < windows * s.sequences)
      throw located(key,
                    fmt::format("key '{}' is {}, but {} windows of {} sequences need {}: raise it, or lower "
                                "stream.windows or stream.sequences",
                                key, calibration.num_samples, windows, s.sequences, windows * s.sequences),
                    cell.places);
  };
  check("calibration", cell.experiment.calibration, s.shift_at);
  check("stream.calibration", s.calibration, s.windows - s.shift_at);
}

StreamJob make_job(Cell cell, const std::string& experiment, CellRunner& runner) {
  const StreamConfig& stream = cell.experiment.stream;
  if (!stream.is_set()) throw UserError("experiment '{0}' has no key 'stream': 'freeact run {0}' runs it", experiment);
  StreamJob job{.before = cell, .after = later_cell(cell), .stream = stream, .resolved = {}, .key = "", .label = ""};
  for (Cell* side : {&job.before, &job.after}) {
    side->resolved = runner.validate(*side);
    side->resolved.erase("stream");
  }
  check_adapts(cell, job.before.resolved["method"]);
  check_samples(cell);
  job.resolved = job.before.resolved;
  job.resolved["stream"] = cell.resolved["stream"];
  job.resolved["stream"]["calibration"] = job.after.resolved["calibration"];
  Json determining = job.resolved["stream"];
  for (const char* place : {"shift_to", "calibration"}) determining.erase(place);  // in the key of the later cell
  job.key = sha256("stream\n" + runner.keys(job.before).result + runner.keys(job.after).result + determining.dump());
  job.label = cell_label(cell);
  return job;
}

std::vector<StreamJob> plan_streams(const RunRequest& request, const Project& project, CellRunner& runner) {
  std::vector<StreamJob> jobs;
  for (auto& cell : plan_experiment(project.experiments(), request.experiment, request.overrides, request.multirun))
    jobs.push_back(make_job(std::move(cell), request.experiment, runner));
  return jobs;
}

// Mean errors of every arm before the shift, in its window, and after it.
Json summary_of(const StreamRecord& record, const StreamConfig& stream) {
  Json errors = Json::object();
  const auto mean = [&](const std::string& arm, int begin, int end) {
    return mean_of_stream(record, &StreamPoint::relative_error, arm, begin, end);
  };
  for (const auto& arm : stream_arms(record))
    errors[arm] = {{"before", mean(arm, 0, stream.shift_at)},
                   {"shift", mean(arm, stream.shift_at, stream.shift_at + 1)},
                   {"after", mean(arm, stream.shift_at + 1, stream.windows)}};
  return errors;
}

std::string headline(const Json& summary) {
  std::string text = fmt::format("  frozen {:.4g} before", summary["frozen"]["before"].get<double>());
  for (const auto& [arm, errors] : summary.items())
    text += fmt::format(", {} {:.4g}", arm, errors["after"].get<double>());
  return text + " after the shift";
}

void print_json(const StreamRecord& r, const Json& summary) {
  const Json line = {
      {"key", r.key},   {"experiment", r.experiment}, {"model", r.model}, {"method", r.method}, {"bits", r.bits},
      {"seed", r.seed}, {"errors", summary}};
  std::cout << line.dump() << std::endl;
}

void print_plan(const std::vector<StreamJob>& jobs, const std::vector<StreamJob>& open) {
  fmt::print(stderr, "{}\n", to_yaml(jobs.front().resolved));
  fmt::print(stderr, "{} streams, {} of them to run:\n", jobs.size(), open.size());
  for (const auto& job : open) fmt::print(stderr, "  {}  {}\n", job.key.substr(0, 8), job.label);
}

void run_open(const std::vector<StreamJob>& open, const RunRequest& request, CellRunner& runner, Store& store) {
  Progress progress("streams", static_cast<int64_t>(open.size()), request.quiet);
  std::mutex mutex;
  const int workers = open.empty() ? 1 : open.front().before.experiment.launcher.workers;
  run_side_by_side(open.size(), workers, [&](size_t i) {
    const StreamJob& job = open[i];
    const StreamNote note = [&](const std::string& text) {
      progress.advance(0, fmt::format("{}: {}", job.label, text));
    };
    const StreamRecord record = run_stream_job(runner, job, note);
    const Json summary = summary_of(record, job.stream);
    {
      const std::lock_guard lock(mutex);
      store.add_stream(record);
      if (request.json) print_json(record, summary);
    }
    progress.say(job.label + headline(summary));
    progress.advance(1, job.label);
  });
}

}  // namespace

void run_streams(const RunRequest& request, const Project& project, const MethodTable& methods) {
  CellRunner runner(project, methods);
  const std::vector<StreamJob> jobs = plan_streams(request, project, runner);
  std::vector<StreamJob> open = jobs;
  if (request.dry_run) return print_plan(jobs, open);
  Store store = Store::open_for_writing(request.database);
  if (!request.force) std::erase_if(open, [&](const StreamJob& job) { return store.has_stream(job.key); });
  if (!request.quiet) print_plan(jobs, open);
  const Stopwatch watch;
  run_open(open, request, runner, store);
  if (!request.quiet)
    fmt::print(stderr, "done: {} streams run, {} found finished, {} in {}\n", open.size(), jobs.size() - open.size(),
               format_duration(watch.seconds()), request.database.string());
}

}  // namespace freeact
