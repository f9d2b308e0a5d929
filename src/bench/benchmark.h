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
  std::function<void()> run;           // the timed work: units_per_run units
  std::function<Evidence()> examine;   // not timed
  std::function<void()> prepare = {};  // before every run, not timed; may be null
  std::string backend = {};            // "": the contest's
  std::string instruction_set = {};    // of our own kernels: "avx512vnni"; "": none of ours run
};

// Whom the champion of a goal is held against, and how many times as fast it should be.
struct Opponent {
  std::string name;                  // "best int8"
  std::vector<std::string> members;  // contenders, of which the fastest of this run counts; absent ones are passed over
  double floor = std::numeric_limits<double>::quiet_NaN();  // must
  double aim = std::numeric_limits<double>::quiet_NaN();    // ambitious; NaN: nothing is aimed at
};

struct Goal {
  std::string name;  // "C1", as docs/benchmarks.md numbers them; empty: the contest has none
  std::string champion;
  std::vector<Opponent> opponents;
};

// A group made ready.
struct Contest {
  std::string model, checkpoint_hash, backend;
  std::string note;           // what a reader of the times must know
  std::string unit;           // "answer"
  std::string accuracy_kind;  // "exact match"
  int64_t units_per_run = 1;
  double runs_per_unit = 1;           // a unit of many equal parts of which one is run
  double tokens_per_unit = 0;         // of the timed units; 0: nothing to count
  std::vector<Contender> contenders;  // the baseline first
  Goal goal = {};
  // Contenders that do no more than what the champion's work cannot do without; the slowest is the ceiling of speed.
  std::vector<std::string> ceilings = {};
  SpeedProbe probe = {};                   // see measure(); may be null
  std::function<void()> check_exact = {};  // throws when a rival computes something else; before timing; may be null
};

struct BenchmarkGroup {
  std::string name;                 // "decode/puzzle_dllm/sort"; a benchmark is NAME/RIVAL
  std::string about;                // one line
  std::vector<std::string> rivals;  // the baseline first
  std::function<Contest(const BenchSettings& settings, const std::vector<std::string>& rivals)> prepare;
  bool whole = false;  // a filter chooses all rivals or none, since they are needed together
};

// All groups, in one visible table. Nothing is loaded before a group is prepared.
std::vector<BenchmarkGroup> benchmark_groups(const BenchSettings& settings);

}  // namespace freeact
