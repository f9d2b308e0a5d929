#include "report/heat_map.h"

#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/plot_drawing.h"
#include "report/render.h"
#include "util/error.h"

namespace freeact {
namespace {

// Sizes in SVG user units (pixels at natural size).
constexpr double kSide = 132, kGap = 12, kNote = 16;
constexpr double kLeft = 58, kTop = 62, kRight = 96, kBottom = 34;
constexpr size_t kMaxColumns = 8;
constexpr size_t kMaxTitle = 22;  // characters of a column's title on one line

// Viridis at nine even places: its lightness rises evenly, also for the colour-blind and in grey.
constexpr std::array<std::array<double, 3>, 9> kScale = {{{68, 1, 84},
                                                          {71, 45, 123},
                                                          {59, 82, 139},
                                                          {44, 114, 142},
                                                          {33, 145, 140},
                                                          {40, 174, 128},
                                                          {94, 201, 98},
                                                          {173, 220, 48},
                                                          {253, 231, 37}}};
constexpr int kColours = 256;

std::vector<uint8_t> palette() {
  std::vector<uint8_t> colours;
  for (int code = 0; code < kColours; ++code) {
    const double place = static_cast<double>(code) / (kColours - 1) * (kScale.size() - 1);
    const auto low = std::min(static_cast<size_t>(place), kScale.size() - 2);
    const double share = place - static_cast<double>(low);
    for (size_t channel = 0; channel < 3; ++channel)
      colours.push_back(
          static_cast<uint8_t>(std::lround((1 - share) * kScale[low][channel] + share * kScale[low + 1][channel])));
  }
  return colours;
}

std::vector<uint8_t> codes_of(const HeatPanel& panel, double peak) {
  std::vector<uint8_t> codes;
  for (const double value : panel.values) {
    const double share = peak > 0 ? std::sqrt(std::clamp(value / peak, 0.0, 1.0)) : 0;
    codes.push_back(static_cast<uint8_t>(std::lround(share * (kColours - 1))));
  }
  return codes;
}

std::string picture(const std::string& png, double x, double y, double width, double height) {
  return fmt::format(
      "<image x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" "
      "style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{}\"/>\n"
      "<rect class=\"frame\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\"/>\n",
      x, y, width, height, base64(png), x, y, width, height);
}

// On two lines where it is long, broken at a space; what does not fit is left to the tooltip.
std::string title_over(double centre, double bottom, const std::string& title) {
  std::string first = title, second;
  if (title.size() > kMaxTitle) {
    const size_t space = title.rfind(' ', kMaxTitle);
    const size_t cut = space == std::string::npos ? kMaxTitle : space;
    first = title.substr(0, cut);
    second = title.substr(std::min(title.size(), cut + 1));
    if (second.size() > kMaxTitle + 3) second.replace(kMaxTitle, std::string::npos, "…");
  }
  const std::string tooltip = fmt::format("<g><title>{}</title>", escape_html(title));
  if (second.empty()) return tooltip + text_at(centre, bottom, "middle", "small strong", first) + "</g>";
  return tooltip + text_at(centre, bottom - 13, "middle", "small strong", first) +
         text_at(centre, bottom, "middle", "small", second) + "</g>";
}

std::vector<std::string> titles(const std::vector<HeatPanel>& panels, std::string HeatPanel::*member) {
  std::vector<std::string> names;
  for (const auto& panel : panels)
    if (std::find(names.begin(), names.end(), panel.*member) == names.end()) names.push_back(panel.*member);
  return names;
}

size_t place_of(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

// The scale beside the panels: 0 at the foot, the peak on top.
std::string draw_scale(double left, double top, double height, double peak, const std::string& label) {
  std::vector<uint8_t> column;
  for (int code = kColours - 1; code >= 0; --code) column.push_back(static_cast<uint8_t>(code));
  std::string svg = picture(colour_png(column, kColours, 1), left, top, 14, height);
  for (const double share : {0.0, 0.05, 0.25, 0.5, 1.0})
    svg += text_at(left + 19, top + (1 - std::sqrt(share)) * height + 4, "start", "small",
                   fmt::format("{:.3g}", share * peak));
  return svg + upright_text(left + 70, top + height / 2, "small", label);
}

double peak_of(const std::vector<HeatPanel>& panels) {
  double peak = 0;
  for (const auto& panel : panels)
    for (const double value : panel.values) peak = std::max(peak, value);
  return peak;
}

struct Layout {
  std::vector<std::string> rows, columns;
  size_t columns_in_line = 1;
  double line_height() const { return static_cast<double>(rows.size()) * (kSide + kGap + kNote) + kTop - kGap; }
  size_t num_lines() const { return (columns.size() + columns_in_line - 1) / columns_in_line; }
  double left(size_t column) const { return kLeft + static_cast<double>(column % columns_in_line) * (kSide + kGap); }
  double top(size_t row, size_t column) const {
    return kTop + static_cast<double>(column / columns_in_line) * line_height() +
           static_cast<double>(row) * (kSide + kGap + kNote);
  }
};

std::string draw_panels(const HeatMaps& maps, const Layout& layout, double peak) {
  std::string svg;
  for (const auto& panel : maps.panels) {
    const size_t row = place_of(layout.rows, panel.row), column = place_of(layout.columns, panel.column);
    const double left = layout.left(column), top = layout.top(row, column);
    svg += picture(colour_png(codes_of(panel, peak), panel.height, panel.width), left, top, kSide, kSide);
    svg += text_at(left + kSide / 2, top + kSide + 13, "middle", "small", panel.note);
    if (row == 0) svg += title_over(left + kSide / 2, top - 7, panel.column);
    if (column % layout.columns_in_line == 0) svg += upright_text(46, top + kSide / 2, "strong", panel.row);
  }
  return svg;
}

// A line for each row of a panel, with a column for each of its columns; colours have 256 steps, so four digits tell
// all.
std::string data_csv(const HeatMaps& maps) {
  int64_t width = 0;
  for (const auto& panel : maps.panels) width = std::max(width, panel.width);
  std::string csv = fmt::format("row,column,{}", escape_csv(maps.y_label));
  for (int64_t x = 0; x < width; ++x) csv += fmt::format(",{} {}", escape_csv(maps.x_label), x);
  csv += "\n";
  for (const auto& panel : maps.panels)
    for (int64_t y = 0; y < panel.height; ++y) {
      csv += fmt::format("{},{},{}", escape_csv(panel.row), escape_csv(panel.column), y);
      for (int64_t x = 0; x < width; ++x)
        csv += x < panel.width ? fmt::format(",{:.3g}", panel.values[static_cast<size_t>(y * panel.width + x)]) : ",";
      csv += "\n";
    }
  return csv;
}

}  // namespace

std::string colour_png(const std::vector<uint8_t>& codes, int64_t height, int64_t width) {
  FREEACT_CHECK(static_cast<int64_t>(codes.size()) == height * width && !codes.empty(), "a picture needs its pixels");
  const auto colours = palette();
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB_COLORMAP;
  image.colormap_entries = kColours;
  std::string png(PNG_IMAGE_PNG_SIZE_MAX(image), '\0');
  png_alloc_size_t size = png.size();
  if (!png_image_write_to_memory(&image, png.data(), &size, 0, codes.data(), 0, colours.data()))
    throw Defect(fmt::format("a heat map cannot be written as PNG: {}", image.message));
  png.resize(size);
  return png;
}

std::string render_svg(const HeatMaps& maps) {
  Layout layout{.rows = titles(maps.panels, &HeatPanel::row), .columns = titles(maps.panels, &HeatPanel::column)};
  layout.columns_in_line = std::clamp<size_t>(layout.columns.size(), 1, kMaxColumns);
  const double peak = peak_of(maps.panels);
  const double inner_width = static_cast<double>(layout.columns_in_line) * (kSide + kGap) - kGap;
  const double width = kLeft + std::max(inner_width, 300.0) + kRight;
  const double height = static_cast<double>(layout.num_lines()) * layout.line_height() + kBottom;
  const double scale_height = static_cast<double>(layout.rows.size()) * (kSide + kGap + kNote) - kGap - kNote;
  const std::string body =
      text_at(kLeft, 18, "start", "strong", maps.title) + draw_panels(maps, layout, peak) +
      draw_scale(kLeft + std::max(inner_width, 300.0) + 14, kTop, scale_height, peak, maps.scale_label) +
      text_at(kLeft + inner_width / 2, height - 12, "middle", "", maps.x_label) +
      upright_text(22, kTop + scale_height / 2, "", maps.y_label);
  return svg_document(maps.title, width, height, body, data_csv(maps));
}

}  // namespace freeact
