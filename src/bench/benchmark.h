// Benchmarks: groups of rivals that do the same work, timed against each other, with what the faster ones lose beside
// their times.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "latency/measure.h"
#include "util/fields.h"

namespace freeact {

struct BenchSettings {
  std::string filter;              // regular expression, searched for in the names; "" matches all
  std::filesystem::path datasets;  // folder of the tasks
  std::filesystem::path model;     // checkpoint folder; "": the embedded one
  int64_t block_length = 0;        // tokens of a semi-autoregressive block; 0: each benchmark's own
  int64_t num_items = 0;           // answers that are scored; 0: all
  int64_t timed_items = 8;         // answers of a timed round, at most
  int threads = 1;
  bool cpu_clock = true;  // computing time of the thread instead of wall time
  uint64_t seed = 1;
  MeasureSettings measure;
};

// What a rival did, apart from the time it took.
struct Evidence {
  double accuracy = std::numeric_limits<double>::quiet_NaN();  // %
  Json statistics = Json::object();                            // counts of one unit
};

struct Contender {
  std::string name;
  std::function<void()> run;          // the timed work: units_per_run units
  std::function<Evidence()> examine;  // not timed
};

// A group made ready.
struct Contest {
  std::string model, checkpoint_hash, backend;
  std::string note;           // what a reader of the times must know
  std::string unit;           // "answer"
  std::string accuracy_kind;  // "exact match"
  int64_t units_per_run = 1;
  double tokens_per_unit = 0;         // of the timed units; 0: nothing to count
  std::vector<Contender> contenders;  // the baseline first
};

struct BenchmarkGroup {
  std::string name;                 // "decode/puzzle_dllm/sort"; a benchmark is NAME/RIVAL
  std::string about;                // one line
  std::vector<std::string> rivals;  // the baseline first
  std::function<Contest(const BenchSettings& settings, const std::vector<std::string>& rivals)> prepare;
};

// All groups, in one visible table. Nothing is loaded before a group is prepared.
std::vector<BenchmarkGroup> benchmark_groups(const BenchSettings& settings);

}  // namespace freeact
