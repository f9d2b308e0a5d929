// Runs experiments: plans every cell, skips what is in the store, runs the rest and records each as it finishes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/plan.h"
#include "method/method.h"
#include "run/project.h"

namespace freeact {

struct RunRequest {
  std::string experiment;
  std::vector<std::string> overrides;
  bool multirun = false;
  std::filesystem::path database;
  bool dry_run = false;
  bool force = false;
  bool json = false;  // a JSON line per finished cell on stdout
  bool quiet = false;
};

// "freeact_r0 W3A3 seed 2": the method by the name of its file where the experiment chooses it, then bits, seed and
// what else is swept.
std::string cell_label(const Cell& cell);
// The same without what a comparison holds fixed (bits, seed, backend): "freeact_r0", "freeact method.rank=4".
std::string arm_name(const Cell& cell);

// Throws on the first fault; what was finished before stays in the store.
void run_experiment(const RunRequest& request, const Project& project, const MethodTable& methods);

}  // namespace freeact
