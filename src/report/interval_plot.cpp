#include "report/interval_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/plot_axes.h"
#include "report/plot_drawing.h"
#include "report/render.h"

namespace freeact {
namespace {

constexpr double kWidth = 250, kRow = 22, kGap = 20, kTitle = 18, kHead = 44, kFoot = 30, kRight = 14, kBand = 10;
constexpr size_t kMaxPanels = 3;  // side by side

bool drawable(double x, bool logarithmic) {
  return std::isfinite(x) && (!logarithmic || x > 0);
}

PlotAxis axis_of(const IntervalPanel& panel) {
  Range range;
  for (const auto& row : panel.rows) {
    if (!row) continue;
    for (const double x : {row->seeds.centre, row->seeds.low, row->seeds.high, row->items.low, row->items.high})
      if (drawable(x, panel.logarithmic)) range.cover(x);
  }
  return make_axis(range, panel.logarithmic, 0.05);
}

// A panel's place and axis.
struct Frame {
  PlotAxis axis;
  double left = 0, top = 0;

  double x(double value) const { return left + std::clamp(axis.share(value), 0.0, 1.0) * kWidth; }
};

std::string draw_grid(const Frame& frame, size_t rows) {
  const double height = kRow * static_cast<double>(rows);
  std::string svg;
  for (const double tick : frame.axis.ticks) {
    svg += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}v{}\"/>", frame.x(tick), frame.top, height);
    svg += text_at(frame.x(tick), frame.top + height + 16, "middle", "small", fmt::format("{:g}", tick + 0.0));
  }
  return svg + fmt::format("<rect class=\"frame\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\"/>\n", frame.left,
                           frame.top, kWidth, height);
}

std::string draw_row(const Frame& frame, const Estimated& row, size_t style, double y) {
  std::string svg;
  if (row.items.known())
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" rx=\"2\" fill=\"{}\" opacity=\"0.25\"/>",
        frame.x(row.items.low), y - kBand / 2, frame.x(row.items.high) - frame.x(row.items.low), kBand,
        colour_of(style));
  if (row.seeds.known())
    svg += fmt::format(
        "<path class=\"line\" stroke=\"{4}\" d=\"M{0:.1f} {1:.1f}H{2:.1f}M{0:.1f} {3:.1f}v8M{2:.1f} {3:.1f}v8\"/>",
        frame.x(row.seeds.low), y, frame.x(row.seeds.high), y - 4, colour_of(style));
  return svg + marker(style, frame.x(row.seeds.centre), y) + "\n";
}

std::string draw_panel(const IntervalPanel& panel, const Frame& frame) {
  std::string svg = text_at(frame.left + kWidth / 2, frame.top - 8, "middle", "strong", panel.title);
  svg += draw_grid(frame, panel.rows.size());
  for (size_t i = 0; i < panel.rows.size(); ++i)
    if (panel.rows[i] && drawable(panel.rows[i]->seeds.centre, panel.logarithmic))
      svg += draw_row(frame, *panel.rows[i], i, frame.top + kRow * (static_cast<double>(i) + 0.5));
  return svg;
}

std::string draw_labels(const std::vector<std::string>& labels, double right, double top) {
  std::string svg;
  for (size_t i = 0; i < labels.size(); ++i)
    svg += text_at(right, top + kRow * (static_cast<double>(i) + 0.5) + 4, "end", "", labels[i]);
  return svg;
}

std::string data_csv(const IntervalPlot& plot) {
  std::string csv = "quantity,method,value,seeds low,seeds high,items low,items high\n";
  for (const auto& panel : plot.panels)
    for (size_t i = 0; i < panel.rows.size(); ++i) {
      if (!panel.rows[i]) continue;
      const auto& [seeds, items] = *panel.rows[i];
      csv += fmt::format("{},{}", escape_csv(panel.title), escape_csv(plot.labels[i]));
      for (const double number : {seeds.centre, seeds.low, seeds.high, items.low, items.high})
        csv += "," + number_text(number);
      csv += "\n";
    }
  return csv;
}

}  // namespace

std::string render_svg(const IntervalPlot& plot) {
  double left = 0;
  for (const auto& label : plot.labels) left = std::max(left, width_of(label) + 14);
  const double line_height = kHead + kRow * static_cast<double>(plot.labels.size()) + kFoot;
  std::string body = text_at(left, kTitle, "start", "strong", plot.title);
  for (size_t i = 0; i < plot.panels.size(); ++i) {
    const size_t column = i % kMaxPanels, row = i / kMaxPanels;
    const Frame frame{axis_of(plot.panels[i]), left + static_cast<double>(column) * (kWidth + kGap),
                      kTitle + kHead + static_cast<double>(row) * line_height};
    if (column == 0) body += draw_labels(plot.labels, left - 8, frame.top);
    body += draw_panel(plot.panels[i], frame);
  }
  const size_t columns = std::min(plot.panels.size(), kMaxPanels),
               rows = (plot.panels.size() + kMaxPanels - 1) / kMaxPanels;
  const double inner = std::max(static_cast<double>(columns) * (kWidth + kGap) - kGap, width_of(plot.title));
  return svg_document(plot.title, left + inner + kRight, kTitle + static_cast<double>(rows) * line_height, body,
                      data_csv(plot));
}

}  // namespace freeact
