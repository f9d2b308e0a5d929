// An experiment's task as the evaluation wants it.
#pragma once

#include "config/plan.h"
#include "eval/evaluate.h"

namespace freeact {

// Throws UserError, with the place where the key was written, on unknown sampler settings.
EvalTaskSettings task_settings(const Cell& cell, size_t index);

}  // namespace freeact
