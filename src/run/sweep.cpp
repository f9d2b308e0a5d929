#include "run/sweep.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "config/yaml.h"
#include "run/cell_file.h"
#include "run/saved_model.h"

namespace freeact {
namespace {

// A cell has the GPUs for itself.
int wished_workers(const std::vector<Job>& open) {
  const bool on_gpu = std::ranges::any_of(open, [](const Job& job) { return job.cost.device_bytes > 0; });
  return on_gpu ? 1 : open.front().cell.experiment.launcher.workers;
}

int64_t memory_of(const std::vector<Job>& open, int workers) {
  std::vector<CellCost> costs;
  for (const auto& job : open) costs.push_back(job.cost);
  return memory_of(costs, workers);
}

// The method by the name of its file where the experiment chooses it.
std::string method_choice(const Cell& cell) {
  for (const auto& [axis, value] : cell.choices)
    if (axis == "method") return value;
  return cell.experiment.method.name;
}

// " method.rank=4": the choices but those named, and where it runs.
std::string other_choices(const Cell& cell, const std::set<std::string>& named) {
  std::string text;
  for (const auto& [axis, value] : cell.choices)
    if (!named.contains(axis) && axis.substr(0, axis.find('.')) != "launcher")
      text += fmt::format(" {}={}", axis, value);
  return text;
}

Json choices_json(const Cell& cell) {
  Json choices = Json::object();
  for (const auto& [axis, value] : cell.choices) choices[axis] = value;
  return choices;
}

Job make_job(Cell cell, const Project& project, CellRunner& runner) {
  Job job{.cell = {}, .planned = cell.resolved, .choices = choices_json(cell), .keys = {}, .label = {}, .cost = {}};
  job.cell = with_saved_settings(std::move(cell), project);
  job.cell.resolved = runner.validate(job.cell);
  job.keys = runner.keys(job.cell);
  job.label = cell_label(job.cell);
  return job;
}

std::vector<Job> experiment_jobs(const RunRequest& request, const Project& project, CellRunner& runner) {
  std::vector<Job> jobs;
  for (auto& cell : plan_experiment(project.experiments(), request.experiment, request.overrides, request.multirun)) {
    if (cell.experiment.stream.is_set())
      throw UserError("experiment '{0}' is a stream: 'freeact stream {0}' runs it", request.experiment);
    Job job = make_job(std::move(cell), project, runner);
    const auto is_same = [&](const Job& other) { return other.keys.result == job.keys.result; };
    if (std::any_of(jobs.begin(), jobs.end(), is_same)) continue;  // what differed is the saved model's
    jobs.push_back(std::move(job));
  }
  return jobs;
}

std::vector<Job> file_jobs(const std::filesystem::path& file, const Project& project, CellRunner& runner) {
  std::vector<Job> jobs;
  for (const CellEntry& entry : read_cell_file(file).cells) {
    Job job = make_job(cell_of(entry), project, runner);
    if (job.keys.result != entry.key)
      throw UserError(
          "cell '{}' of '{}' is not what it was when it was planned: its model or its data have changed; run the sweep "
          "again",
          entry.label, file.string());
    jobs.push_back(std::move(job));
  }
  return jobs;
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

std::vector<Job> plan_jobs(const RunRequest& request, const Project& project, CellRunner& runner) {
  return request.cell_file.empty() ? experiment_jobs(request, project, runner)
                                   : file_jobs(request.cell_file, project, runner);
}

int fitting_workers(const std::vector<Job>& open, int64_t free_bytes) {
  if (open.empty()) return 1;
  const int64_t total = machine_memory().total_bytes, least = memory_of(open, 1);
  if (total != 0 && least > total)
    throw EnvironmentError(
        "a cell needs about {}, but this machine has {}: lower task.batch_size, or calibration.num_samples and "
        "sequence_length",
        gibibytes(least), gibibytes(total));
  int workers = std::min(wished_workers(open), static_cast<int>(open.size()));
  while (workers > 1 && free_bytes != 0 && memory_of(open, workers) > free_bytes) --workers;
  return workers;
}

std::vector<std::string> differences(const Json& from, const Json& to) {
  const Json before = from.flatten(), after = to.flatten();
  std::vector<std::string> lines;
  const auto value = [](const Json& all, const std::string& path) {
    return all.contains(path) ? all.at(path).dump() : "none";
  };
  const auto add = [&](const std::string& path) {
    std::string key = path.substr(1);
    std::replace(key.begin(), key.end(), '/', '.');
    lines.push_back(fmt::format("{}: {} -> {}", key, value(before, path), value(after, path)));
  };
  for (const auto& [path, old_value] : before.items())
    if (!after.contains(path) || after.at(path) != old_value) add(path);
  for (const auto& [path, new_value] : after.items())
    if (!before.contains(path)) add(path);
  return lines;
}

void print_plan(const std::vector<Job>& jobs, const std::vector<Job>& open, int workers, bool in_detail) {
  fmt::print(stderr, "{}\n", to_yaml(jobs.front().cell.resolved));
  fmt::print(stderr, "{} cells, {} of them to run:\n", jobs.size(), open.size());
  size_t width = 0;
  for (const auto& job : open) width = std::max(width, job.label.size());
  for (const auto& job : open) {
    fmt::print(stderr, "  {}  {:<{}}  at most {}\n", job.keys.result.substr(0, 8), job.label, width,
               cost_text(job.cost));
    if (!in_detail) continue;
    for (const auto& line : differences(jobs.front().cell.resolved, job.cell.resolved))
      fmt::print(stderr, "            {}\n", line);
  }
  if (open.empty() || workers == 0) return;
  const int wished = std::min(wished_workers(open), static_cast<int>(open.size()));
  fmt::print(stderr, "memory, estimated: {} with {} cells at a time{}; this machine has {}, {} of them free\n",
             gibibytes(memory_of(open, workers)), workers,
             workers < wished ? fmt::format(", as {} would not fit", wished) : "",
             gibibytes(machine_memory().total_bytes), gibibytes(machine_memory().available_bytes));
}

}  // namespace freeact
