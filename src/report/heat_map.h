// Heat maps as SVG: panels in a grid, all on one colour scale.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace freeact {

struct HeatPanel {
  std::string row;  // panels are laid out by row and column title, in order of first appearance
  std::string column;
  std::string note;  // below the panel
  int64_t height = 0, width = 0;
  std::vector<double> values;  // row by row from the top, zero or more
};

struct HeatMaps {
  std::string title;
  std::string x_label;
  std::string y_label;
  std::string scale_label;
  std::vector<HeatPanel> panels;
};

// A whole <svg> element with the panels as PNG pictures inside. Colours are in proportion to the square root of a value
// over the largest one of all panels, from dark (0) to light. Rows of more than eight columns go on below.
std::string render_svg(const HeatMaps& maps);

// The bytes of a PNG file of one byte a pixel, [height, width], coloured by the scale; always the same ones.
std::string colour_png(const std::vector<uint8_t>& codes, int64_t height, int64_t width);

}  // namespace freeact
