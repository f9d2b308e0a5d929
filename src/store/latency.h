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

  uint64_t seed = 0;
  std::string machine;  // one line: CPU, cores, threads, operating system
  int threads = 1;
  std::string flags;      // instruction sets
  std::string cpu_clock;  // "2596 MHz, governor performance"
  std::string source_version;
  std::string measured_at;  // UTC, ISO 8601

  // Every field under its name, for JSON lines; numbers that are not finite become null.
  Json json() const;

  bool operator==(const LatencyRow&) const = default;
};

}  // namespace freeact
