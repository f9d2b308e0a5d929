// What is said of measured times: percentiles, and how much faster one rival is than another.
#pragma once

#include <cstdint>
#include <vector>

namespace freeact {

// The q-quantile, 0 <= q <= 1, of values in any order (see util/quantile.h). values must not be empty.
double quantile(std::vector<double> values, double q);

struct TimeSummary {
  double median = 0, p10 = 0, p90 = 0;
  int64_t count = 0;
};
TimeSummary summarise(const std::vector<double>& times);

// median(baseline) / median(rival): above 1, the rival is faster. 95% interval.
struct SpeedUp {
  double ratio = 1, low = 1, high = 1;
};

// Percentile bootstrap over rounds: a replicate draws rounds with replacement, each with the times of both, so that
// what slowed a whole round cancels. The same seed gives the same interval. Both lists have one time a round.
SpeedUp speed_up(const std::vector<double>& baseline, const std::vector<double>& rival, uint64_t seed = 1,
                 int replicates = 2000);

}  // namespace freeact
