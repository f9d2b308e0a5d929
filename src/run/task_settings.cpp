#include "run/task_settings.h"

#include "eval/benchmark_settings.h"
#include "model/family.h"
#include "util/files.h"

namespace freeact {
namespace {

// Where the experiment leaves it to the checkpoint; "" where there is none yet.
std::string family_of(const ModelConfig& model, const Project& project) {
  if (!model.family.empty()) return model.family;
  const auto config = project.resolve(model.path) / "config.json";
  return std::filesystem::exists(config) ? find_family("", read_json(config)).name : "";
}

void apply_limit(int64_t limit, EvalTaskSettings& settings) {
  if (limit > 0 && (settings.num_items == 0 || settings.num_items > limit)) settings.num_items = limit;
}

}  // namespace

EvalTaskSettings task_settings(const Cell& cell, size_t index, const Project& project) {
  const Experiment& e = cell.experiment;
  try {
    const Json task =
        with_benchmark_defaults(cell.resolved.at("tasks").at(index), project.datasets(), family_of(e.model, project));
    EvalTaskSettings settings = read_task_settings(task, fmt::format("tasks[{}].", index));
    apply_limit(e.limit, settings);
    return settings;
  } catch (const FieldError& error) {
    throw located(error, cell.places);
  }
}

std::vector<EvalTaskSettings> all_task_settings(const Cell& cell, const Project& project) {
  std::vector<EvalTaskSettings> all;
  for (size_t i = 0; i < cell.experiment.tasks.size(); ++i) all.push_back(task_settings(cell, i, project));
  return all;
}

}  // namespace freeact
