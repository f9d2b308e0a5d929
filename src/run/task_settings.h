// An experiment's task as the evaluation wants it.
#pragma once

#include "config/plan.h"
#include "eval/settings.h"
#include "run/project.h"

namespace freeact {

// With what a benchmark's own file says, and no more items than the experiment's limit. Throws UserError, with the
// place where the key was written, on settings that no task can have.
EvalTaskSettings task_settings(const Cell& cell, size_t index, const Project& project);
std::vector<EvalTaskSettings> all_task_settings(const Cell& cell, const Project& project);

}  // namespace freeact
