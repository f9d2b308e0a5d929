#include "run/task_settings.h"

#include <ATen/ATen.h>

namespace freeact {

EvalTaskSettings task_settings(const Cell& cell, size_t index) {
  const TaskConfig& task = cell.experiment.tasks.at(index);
  EvalTaskSettings settings;
  settings.name = task.name;
  settings.kind = task.kind;
  settings.dataset = task.dataset;
  settings.metric = task.metric;
  settings.version = task.version;
  settings.num_items = task.num_items;
  settings.mask_ratios = task.mask_ratios;
  try {
    settings.generation = read_fields<AnswerSettings>(task.generation, fmt::format("tasks[{}].generation.", index));
  } catch (const FieldError& error) {
    throw located(error, cell.places);
  }
  return settings;
}

}  // namespace freeact
