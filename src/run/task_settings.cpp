#include "run/task_settings.h"

namespace freeact {

EvalTaskSettings task_settings(const Cell& cell, size_t index) {
  try {
    return read_task_settings(cell.resolved.at("tasks").at(index), fmt::format("tasks[{}].", index));
  } catch (const FieldError& error) {
    throw located(error, cell.places);
  }
}

}  // namespace freeact
