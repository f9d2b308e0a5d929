// Line plots as SVG: small multiples; the columns have an x axis each, all panels or each row of them one y axis.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace freeact {

struct Series {
  std::string label;  // one legend entry per label; equal labels look equal in all panels
  std::vector<double> x;
  std::vector<double> y;  // values that a logarithmic axis cannot show are left out
  // Half widths of intervals about y, drawn as bars; NaN: none. Empty: none at all.
  std::vector<double> spread = {};
};

struct Panel {
  std::string row;  // panels are laid out by row and column title, in order of first appearance
  std::string column;
  std::vector<Series> series;
};

struct LinePlot {
  std::string title;
  std::string x_label;
  std::string y_label;
  bool log_y = false;
  bool own_rows = false;                   // every row of panels has a y axis of its own: other quantities
  std::vector<std::string> log_rows = {};  // of those, the ones with a logarithmic axis
  bool any_x = false;                      // ticks of x at any number: not only at whole ones
  std::vector<std::string> x_names = {};   // what stands below x = 0, 1, ... in place of numbers
  std::optional<double> mark_x = {};       // a dashed line from bottom to top of every panel
  std::vector<std::string> labels;         // all series labels in the order of colours and legend
  std::vector<Panel> panels;
};

// A whole <svg> element. Colours follow CSS variables of the page (--ink, --faint, --rule, --paper) and have light
// defaults. Series differ in colour (Okabe and Ito's colour-blind safe set) and in marker, those after the seventh in
// their dashes too. Panels in more than four columns go on below. A logarithmic axis spans five powers of ten at most:
// what lies below is drawn on its lower edge, and the plot says so.
std::string render_svg(const LinePlot& plot);

}  // namespace freeact
