#include "eval/scoring.h"

#include <cmath>
#include <numeric>

#include "util/hash.h"

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

MetricValue nll_metric(const std::string& group, const std::vector<double>& values) {
  const Estimate e = estimate(values);
  return {"nll", group, e.mean, e.standard_error, static_cast<int64_t>(values.size()), false, "nats"};
}

std::vector<int64_t> chosen_offsets(const EvalTaskSettings& settings) {
  std::vector<int64_t> offsets = settings.segments.offsets;
  const auto limit = static_cast<size_t>(settings.num_items);
  if (limit > 0 && limit < offsets.size()) offsets.resize(limit);
  return offsets;
}

std::string hash_of_ids(const std::vector<int64_t>& ids) {
  return sha256({reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(int64_t)});
}

MetricValue percentage(const std::string& name, const std::vector<double>& scores) {
  const Estimate e = estimate(scores);
  return {name, "", 100 * e.mean, 100 * e.standard_error, static_cast<int64_t>(scores.size()), true, "%"};
}

}  // namespace freeact
