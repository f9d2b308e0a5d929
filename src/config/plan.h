// The plan of an experiment: every cell of its sweep, validated, before anything is loaded.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "config/experiment.h"

namespace freeact {

struct Cell {
  Experiment experiment;
  Json resolved;     // the whole experiment with all defaults, as printed and stored
  std::string hash;  // sha256 of what can change a result: resolved without "name" and "launcher"
  Places places;     // where each key was written; see located()
  // What was chosen for this cell: {"method", "freeact_r0"} for groups, and its value of every axis of several values.
  std::vector<std::pair<std::string, std::string>> choices;
};

// The resolved settings that can change a result, keys sorted: all but "name" and "launcher".
nlohmann::json determining_settings(const Json& resolved);

// Composes an experiment, applies the arguments of the command line ("method=rtn", "quant.w_bits=3",
// "task.num_items=10" for all tasks; see overrides.h) and expands the sweep. The axes are those of the experiment's
// "sweep" in its order, then those of the overrides; the last one runs fastest. An override of a swept key replaces
// that axis. In a cell, groups are chosen first and single keys set after. Of cells with equal hash the first is kept.
// A list of values for a key that the experiment does not sweep needs multirun. Throws UserError on anything wrong.
std::vector<Cell> plan_experiment(const std::filesystem::path& experiments_dir, const std::string& experiment,
                                  const std::vector<std::string>& arguments, bool multirun);

}  // namespace freeact
