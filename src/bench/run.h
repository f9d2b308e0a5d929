// Choosing benchmarks by name and running them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/benchmark.h"
#include "store/latency.h"

namespace freeact {

// A group, and which of its rivals are to run: the baseline always, and all whose full name matches.
struct ChosenGroup {
  BenchmarkGroup group;
  std::vector<std::string> rivals;
};

// In the order of the table. Throws UserError when the filter is malformed or matches nothing.
std::vector<ChosenGroup> choose_benchmarks(const BenchSettings& settings);

struct BenchReport {
  std::string name, note;  // of the group
  std::vector<LatencyRow> rows;
};

// Scores every rival, then times them against each other. What the measuring itself does not know (version, time) is
// left to the caller. progress gets a line before each part.
BenchReport run_group(const ChosenGroup& chosen, const BenchSettings& settings,
                      const std::function<void(const std::string& line)>& progress);

}  // namespace freeact
