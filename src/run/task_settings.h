// An experiment's task as the evaluation wants it.
#pragma once

#include "config/plan.h"
#include "eval/settings.h"

namespace freeact {

// Throws UserError, with the place where the key was written, on settings that no task can have.
EvalTaskSettings task_settings(const Cell& cell, size_t index);

}  // namespace freeact
