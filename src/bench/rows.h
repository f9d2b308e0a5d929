// Measured times of a group as rows.
#pragma once

#include <string>
#include <vector>

#include "bench/benchmark.h"
#include "store/latency.h"

namespace freeact {

// One for each contender, whose evidence and measurement stand at its index. Rounds in which the processor's speed
// changed do not count (latency/measure.h).
std::vector<LatencyRow> make_rows(const std::string& group, const Contest& contest,
                                  const std::vector<Evidence>& evidence, const std::vector<Measurement>& measured,
                                  const BenchSettings& settings);

}  // namespace freeact
