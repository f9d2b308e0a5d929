#include "eval/scoring.h"

#include <cmath>
#include <numeric>

namespace freeact {

Estimate estimate(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  if (values.empty()) return {};
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() < 2) return {mean, 0};
  double square = 0;
  for (const double value : values) square += (value - mean) * (value - mean);
  return {mean, std::sqrt(square / (n - 1) / n)};
}

MetricValue percentage(const std::string& name, const std::vector<double>& scores) {
  const Estimate e = estimate(scores);
  return {name, "", 100 * e.mean, 100 * e.standard_error, static_cast<int64_t>(scores.size()), true, "%"};
}

}  // namespace freeact
