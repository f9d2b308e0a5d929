#include "latency/summary.h"

#include <algorithm>

#include "util/error.h"
#include "util/quantile.h"
#include "util/random.h"

namespace freeact {

double quantile(std::vector<double> values, double q) {
  FREEACT_CHECK(!values.empty() && q >= 0 && q <= 1, "quantile {} of {} values", q, values.size());
  std::sort(values.begin(), values.end());
  return quantile_of_sorted(values, q);
}

TimeSummary summarise(const std::vector<double>& times) {
  return {quantile(times, 0.5), quantile(times, 0.1), quantile(times, 0.9), static_cast<int64_t>(times.size())};
}

SpeedUp speed_up(const std::vector<double>& baseline, const std::vector<double>& rival, uint64_t seed, int replicates) {
  FREEACT_CHECK(baseline.size() == rival.size(), "{} rounds against {}", baseline.size(), rival.size());
  const size_t rounds = baseline.size();
  Random random(seed, "bootstrap of rounds");
  std::vector<double> ratios, drawn_baseline(rounds), drawn_rival(rounds);
  for (int replicate = 0; replicate < replicates; ++replicate) {
    for (size_t i = 0; i < rounds; ++i) {
      const size_t round = random.below(rounds);
      drawn_baseline[i] = baseline[round];
      drawn_rival[i] = rival[round];
    }
    ratios.push_back(quantile(drawn_baseline, 0.5) / quantile(drawn_rival, 0.5));
  }
  return {quantile(baseline, 0.5) / quantile(rival, 0.5), quantile(ratios, 0.025), quantile(ratios, 0.975)};
}

}  // namespace freeact
