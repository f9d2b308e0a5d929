// W4A4 against other linears on one shape, weights hot or cold.
#pragma once

#include <string>
#include <vector>

#include "bench/benchmark.h"

namespace freeact {

struct ContestShape {
  int64_t tokens = 512, width = 4096, outputs = 4096;
  bool hot = false;  // the weight has just been read; else it comes from memory
};

// Rivals besides the kinds of cpu_linears.h: the integer product alone, of ready codes; and what no linear here can do
// faster, as many integer products from registers, reading as many bytes as the packed weight has.
inline constexpr const char* kIntegerLinear = "integer_linear";
inline constexpr const char* kVnniPeak = "vnni_peak";
inline constexpr const char* kMemoryRead = "memory_read";

// Names of all kinds that this build has, float32 first and W4A4 last.
std::vector<std::string> linear_rivals();

// Any rivals, in their order, with the checks but without a goal.
Contest linear_contest(const ContestShape& shape, const BenchSettings& settings,
                       const std::vector<std::string>& rivals);

}  // namespace freeact
