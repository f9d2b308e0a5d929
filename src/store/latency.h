// One measured rival of a benchmark.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "util/fields.h"

namespace freeact {

struct LatencyRow {
  std::string name;      // "decode/puzzle_dllm/sort/dual"
  std::string baseline;  // the name of the rival that ratio is against
  std::string model;     // "puzzle_dllm", or what stands for a checkpoint
  std::string checkpoint_hash;
  std::string backend;  // "cpu float32"
  std::string unit;     // what one time is for: "answer"
  std::string clock;    // "thread CPU", "wall"

  double median_s = 0, p10_s = 0, p90_s = 0;                   // of one unit
  int64_t count = 0;                                           // rounds
  double ratio = 1, ratio_low = 1, ratio_high = 1;             // the baseline's median over this one's, 95% interval
  double accuracy = std::numeric_limits<double>::quiet_NaN();  // %; NaN: none measured
  std::string accuracy_kind;                                   // "exact match"
  Json statistics = Json::object();                            // counts of one unit: {"forward_passes": 10}
  std::string note;                                            // what a reader of the times must know
  int64_t dropped = 0;  // rounds left out because the processor's speed changed around them

  std::string goal;  // "C1" of docs/benchmarks.md; empty: none
  // On the row a goal is about, each line whom it was held against in the same run: {"opponent": "best int8", "name",
  // "median_s", "p10_s", "p90_s", "count", "ratio", "ratio_low", "ratio_high", "floor", "aim", "reached"}.
  Json opponents = Json::array();
  std::string ceiling;  // the row of the same run that does only what cannot be avoided; empty: none
  double ceiling_fraction = std::numeric_limits<double>::quiet_NaN();  // its median over this one's

  uint64_t seed = 0;
  std::string machine;  // one line: CPU, cores, threads, operating system
  int threads = 1;
  std::string flags;            // instruction sets of the processor
  std::string instruction_set;  // the one our own kernels ran on: "avx512vnni"; empty: none of ours ran
  double peak_memory_mib = std::numeric_limits<double>::quiet_NaN();  // of the process during a run
  std::string cpu_clock;                                              // "2596 MHz, governor performance"
  std::string source_version;
  std::string measured_at;  // UTC, ISO 8601

  // Every field under its name, for JSON lines; numbers that are not finite become null.
  Json json() const;

  bool operator==(const LatencyRow&) const = default;
};

}  // namespace freeact
