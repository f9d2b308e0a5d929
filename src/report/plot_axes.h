// Axes of plots: the range of the data, round ticks and where a value lies between the ends.
#pragma once

#include <limits>
#include <vector>

namespace freeact {

// A logarithmic axis spans so many powers of ten at most: one value that is zero but for rounding would squeeze all
// others together.
inline constexpr double kMostDecades = 5;

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void cover(double value);
};

// One axis: data range, ticks and the place of a value as a share of the axis' length.
struct PlotAxis {
  Range range;
  bool logarithmic = false;
  bool cut = false;  // values below the range exist
  std::vector<double> ticks;
  double share(double value) const;  // values below a cut axis lie on its lower end
};

// `margin` is the share of the range that stays free at both ends.
PlotAxis make_axis(Range range, bool logarithmic, double margin);

// Round positions from low to high: 1, 2 or 5 times a power of ten apart, about `count` of them.
std::vector<double> linear_ticks(double low, double high, int count);
// Powers of ten, seven at most; with 2 and 5 between them where there would be fewer than three.
std::vector<double> log_ticks(double low, double high);

}  // namespace freeact
