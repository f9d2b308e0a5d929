// A sweep: the cells of an experiment, or those of a file, planned and told before any of them runs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "run/cell_runner.h"

namespace freeact {

struct RunRequest {
  std::string experiment;
  std::vector<std::string> overrides;
  std::filesystem::path cell_file = {};  // runs the cells of this file instead; see run/cell_file.h
  bool multirun = false;
  std::filesystem::path database;
  bool dry_run = false;
  bool force = false;
  bool json = false;  // a JSON line per cell on stdout
  bool quiet = false;
};

struct Job {
  Cell cell;
  Json planned;  // its experiment before the settings of a saved model were filled in
  Json choices;  // likewise, {"method": "freeact_r0"}
  CellKeys keys;
  std::string label;  // "freeact_r0 W3A3 seed 2"
  CellCost cost;
};

// "freeact_r0 W3A3 seed 2": the method by the name of its file where the experiment chooses it, then bits, seed and
// what else is swept.
std::string cell_label(const Cell& cell);
// The same without what a comparison holds fixed (bits, seed, backend): "freeact_r0", "freeact method.rank=4".
std::string arm_name(const Cell& cell);

// Every cell once, validated; costs are not filled in. Throws UserError on anything wrong with any of them.
std::vector<Job> plan_jobs(const RunRequest& request, const Project& project, CellRunner& runner);

// As many cells at a time as launcher.workers allows and free_bytes hold; at least one. 0 bytes: not known. Throws
// EnvironmentError where this machine holds not even one: before hours of work end in a process that the system kills.
int fitting_workers(const std::vector<Job>& open, int64_t free_bytes);

// In what one resolved experiment differs from another: "quant.w_bits: 4 -> 3", "tasks.0.num_items: none -> 20".
std::vector<std::string> differences(const Json& from, const Json& to);

// The first cell is shown in full, the others as a list, where the plan is in_detail with their differences from it.
// workers: 0 where cells run elsewhere.
void print_plan(const std::vector<Job>& jobs, const std::vector<Job>& open, int workers, bool in_detail);

}  // namespace freeact
