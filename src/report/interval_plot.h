// Estimates with their intervals as SVG: a row for each method, a panel for each quantity.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/statistics.h"

namespace freeact {

struct Estimated {
  Interval seeds;  // centre: the value; drawn as a bar where it is known
  Interval items;  // drawn as a pale band where it is known
};

struct IntervalPanel {
  std::string title;
  bool logarithmic = false;
  std::vector<std::optional<Estimated>> rows;  // in the order of the plot's labels
};

struct IntervalPlot {
  std::string title;
  std::vector<std::string> labels;  // of the rows, from the top
  std::vector<IntervalPanel> panels;
};

// A whole <svg> element. Panels stand side by side, three at most, further ones below; each has an axis of its own.
std::string render_svg(const IntervalPlot& plot);

}  // namespace freeact
