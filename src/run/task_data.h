// Published data that benchmarks need.
#pragma once

#include <vector>

#include "eval/settings.h"
#include "run/project.h"

namespace freeact {

// Throws EnvironmentError that names every data set that these tasks read and that is not here, each with the command
// that imports it.
void require_task_data(const std::vector<EvalTaskSettings>& tasks, const Project& project);

}  // namespace freeact
