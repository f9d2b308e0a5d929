// Runs that computed with integers beside the simulated runs of the same cells: whether they give the same answers, and
// how much faster.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/analysis.h"
#include "report/document.h"

namespace freeact {

inline constexpr const char* kSimulatedBackend = "simulated";

// As the run's configuration names it.
std::string backend_of(const Run& run);

// Two runs that differ in their backend alone.
struct BackendTwins {
  const Run* simulated = nullptr;
  const Run* integer = nullptr;
};

// The twins point into `runs`. A simulated run has a twin for each other backend; of repeated runs the newest counts.
std::vector<BackendTwins> backend_twins(const std::vector<Run>& runs);

// A row for each method, bit width and backend, over seeds. Nothing without twins of a quantised model.
std::optional<Table> backend_table(const std::vector<Run>& runs, const std::vector<Setting>& settings);

}  // namespace freeact
