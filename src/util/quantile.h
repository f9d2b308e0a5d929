// Quantiles of samples.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace freeact {

// The q-quantile, 0 <= q <= 1, of values in ascending order, at least one: linear between neighbours (type 7 of Hyndman
// and Fan, 1996).
inline double quantile_of_sorted(const std::vector<double>& sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

}  // namespace freeact
