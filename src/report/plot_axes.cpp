#include "report/plot_axes.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

namespace freeact {
namespace {

constexpr size_t kMostLogTicks = 7;

std::vector<double> thinned(const std::vector<double>& ticks, size_t most) {
  const size_t step = (ticks.size() + most - 1) / most;
  std::vector<double> kept;
  for (size_t i = 0; i < ticks.size(); i += step) kept.push_back(ticks[i]);
  return kept;
}

}  // namespace

void Range::cover(double value) {
  low = std::min(low, value);
  high = std::max(high, value);
}

double PlotAxis::share(double value) const {
  const double shown = std::max(value, range.low);
  if (!logarithmic) return (shown - range.low) / (range.high - range.low);
  return std::log(shown / range.low) / std::log(range.high / range.low);
}

PlotAxis make_axis(Range range, bool logarithmic, double margin) {
  if (range.low > range.high) range = {logarithmic ? 0.1 : 0.0, 1.0};
  if (!logarithmic) {
    const double extra = std::max((range.high - range.low) * margin, range.high == range.low ? 0.5 : 0.0);
    const Range wide{range.low - extra, range.high + extra};
    return {wide, false, false, linear_ticks(wide.low, wide.high, 5)};
  }
  const double lowest = range.high * std::pow(10, -kMostDecades);
  const bool cut = range.low < lowest;
  if (cut) range.low = lowest;
  const double factor = std::pow(range.high / range.low, margin) * 1.05;
  const Range wide{cut ? range.low : range.low / factor, range.high * factor};
  return {wide, true, cut, log_ticks(wide.low, wide.high)};
}

std::vector<double> linear_ticks(double low, double high, int count) {
  if (!(high > low)) return {low};
  const double rough = (high - low) / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double scaled = rough / power;
  const double step = power * (scaled <= 1 ? 1 : scaled <= 2 ? 2 : scaled <= 5 ? 5 : 10);
  std::vector<double> ticks;
  for (double i = std::ceil(low / step); i * step <= high * (1 + 1e-12); ++i) ticks.push_back(i * step);
  return ticks;
}

std::vector<double> log_ticks(double low, double high) {
  const auto multiples = [&](std::initializer_list<double> factors) {
    std::vector<double> ticks;
    for (double e = std::floor(std::log10(low)); e <= std::ceil(std::log10(high)); ++e)
      for (const double factor : factors)
        if (const double tick = factor * std::pow(10, e); tick >= low && tick <= high) ticks.push_back(tick);
    return ticks;
  };
  const auto decades = multiples({1});
  return decades.size() >= 3 ? thinned(decades, kMostLogTicks) : multiples({1, 2, 5});
}

}  // namespace freeact
