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
  std::optional<double> mark_x = {};       // a dashed line from bottom to top of every panel
  std::vector<std::string> labels;         // all series labels in the order of colours and legend
  std::vector<Panel> panels;
};

// A whole <svg> element. Colours follow CSS variables of the page (--ink, --faint, --rule, --paper) and have light
// defaults. Series differ in colour (Okabe and Ito's colour-blind safe set) and in marker.
std::string render_svg(const LinePlot& plot);

// The <style> element of plots: text sizes and the page's colours.
std::string svg_style();

// A whole <svg> element of this size around what is drawn on its paper.
std::string svg_document(const std::string& title, double width, double height, const std::string& body);

// Round positions from low to high: 1, 2 or 5 times a power of ten apart, about `count` of them.
std::vector<double> linear_ticks(double low, double high, int count);
// Powers of ten; with 2 and 5 between them where there would be fewer than three.
std::vector<double> log_ticks(double low, double high);

}  // namespace freeact
