#include "report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/plot_axes.h"
#include "report/plot_drawing.h"
#include "report/render.h"

namespace freeact {
namespace {

// Sizes in SVG user units (pixels at natural size).
constexpr double kPanelWidth = 236, kPanelHeight = 170, kGap = 14;
constexpr double kLeft = 84, kTitle = 18, kHead = 34, kRight = 10, kBottom = 48;
constexpr double kLegendLine = 20, kNumbers = 24;
constexpr size_t kMaxColumns = 4;  // of panels side by side

bool drawable(double y, bool log_y) {
  return std::isfinite(y) && (!log_y || y > 0);
}

double spread_at(const Series& series, size_t i) {
  return series.spread.empty() ? std::nan("") : series.spread[i];
}

struct Axes {
  PlotAxis x, y;
};

bool is_logarithmic(const LinePlot& plot, const std::string& row) {
  return plot.log_y || std::find(plot.log_rows.begin(), plot.log_rows.end(), row) != plot.log_rows.end();
}

// The axes of one panel, which it shares with those of its column and, as the plot wants it, of its row or with all.
Axes make_axes(const LinePlot& plot, const Panel& shown) {
  Range x, y;
  if (!plot.x_names.empty()) x = {0, static_cast<double>(plot.x_names.size() - 1)};
  const bool log_y = is_logarithmic(plot, shown.row);
  for (const auto& panel : plot.panels) {
    const bool same_column = panel.column == shown.column, same_row = !plot.own_rows || panel.row == shown.row;
    for (const auto& series : panel.series) {
      for (size_t i = 0; i < series.x.size(); ++i) {
        if (same_column) x.cover(series.x[i]);
        if (!same_row) continue;
        for (const double value : {series.y[i], series.y[i] - spread_at(series, i), series.y[i] + spread_at(series, i)})
          if (drawable(value, log_y)) y.cover(value);
      }
    }
  }
  Axes axes{make_axis(x, false, 0.04), make_axis(y, log_y, 0.06)};
  // Layers and steps are whole numbers.
  if (!plot.any_x) std::erase_if(axes.x.ticks, [](double tick) { return tick != std::round(tick); });
  if (!plot.x_names.empty()) axes.x.ticks.clear();
  for (size_t i = 0; i < plot.x_names.size(); ++i) axes.x.ticks.push_back(static_cast<double>(i));
  return axes;
}

size_t index_of(std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  names.push_back(name);
  return names.size() - 1;
}

// From y - spread to y + spread; a logarithmic axis ends a bar at its lower edge.
std::string interval_bar(const Series& series, size_t i, size_t style, const Axes& axes, double left, double top) {
  const double spread = spread_at(series, i);
  if (!std::isfinite(spread)) return "";
  const double x = left + axes.x.share(series.x[i]) * kPanelWidth;
  const double low = std::max(series.y[i] - spread, axes.y.range.low);
  const double y_low = top + (1 - axes.y.share(low)) * kPanelHeight;
  const double y_high = top + (1 - axes.y.share(series.y[i] + spread)) * kPanelHeight;
  return line(style,
              fmt::format("M{0:.1f} {1:.1f}V{2:.1f}M{3:.1f} {1:.1f}h6M{3:.1f} {2:.1f}h6", x, y_low, y_high, x - 3));
}

std::string draw_series(const Series& series, size_t style, const Axes& axes, double left, double top) {
  std::string path;
  std::string markers;
  bool pen_down = false;
  for (size_t i = 0; i < series.x.size(); ++i) {
    if (!drawable(series.y[i], axes.y.logarithmic)) {
      pen_down = false;
      continue;
    }
    const double x = left + axes.x.share(series.x[i]) * kPanelWidth;
    const double y = top + (1 - axes.y.share(series.y[i])) * kPanelHeight;
    path += fmt::format("{}{:.1f} {:.1f}", pen_down ? "L" : "M", x, y);
    markers += interval_bar(series, i, style, axes, left, top) + marker(style, x, y);
    pen_down = true;
  }
  return fmt::format("<g><title>{}</title>{}{}</g>\n", escape_html(series.label), line(style, path), markers);
}

std::string tick_name(const LinePlot& plot, double tick) {
  return plot.x_names.empty() ? fmt::format("{:g}", tick + 0.0) : plot.x_names.at(static_cast<size_t>(tick));
}

std::string draw_grid(const LinePlot& plot, const Axes& axes, double left, double top, bool y_numbers, bool x_numbers) {
  std::string svg;
  for (const double tick : axes.y.ticks) {
    const double y = top + (1 - axes.y.share(tick)) * kPanelHeight;
    svg += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}h{}\"/>", left, y, kPanelWidth);
    if (y_numbers) svg += text_at(left - 6, y + 4, "end", "small", fmt::format("{:g}", tick + 0.0));
  }
  for (const double tick : axes.x.ticks) {
    const double x = left + axes.x.share(tick) * kPanelWidth;
    svg += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}v{}\"/>", x, top, kPanelHeight);
    if (x_numbers) svg += text_at(x, top + kPanelHeight + 16, "middle", "small", tick_name(plot, tick));
  }
  return svg + fmt::format("<rect class=\"frame\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\"/>\n", left, top,
                           kPanelWidth, kPanelHeight);
}

std::string draw_mark(double at, const Axes& axes, double left, double top) {
  return fmt::format("<path class=\"mark\" d=\"M{:.1f} {:.1f}v{}\"/>\n", left + axes.x.share(at) * kPanelWidth, top,
                     kPanelHeight);
}

// Labels in lines that are no wider than `width`.
struct Legend {
  std::string svg;
  size_t num_lines = 0;
};

// The width of a label with its line and the space behind it.
double legend_entry(const std::string& label) {
  return 48 + width_of(label);
}

Legend draw_legend(const std::vector<std::string>& labels, double width) {
  Legend legend{"", labels.empty() ? 0UL : 1UL};
  double x = kLeft, y = kTitle + kLegendLine;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double entry = legend_entry(labels[i]);
    if (x > kLeft && x + entry > kLeft + width) {
      x = kLeft;
      y += kLegendLine;
      ++legend.num_lines;
    }
    legend.svg += line(i, fmt::format("M{:.1f} {:.1f}h24", x, y)) + marker(i, x + 12, y);
    legend.svg += text_at(x + 30, y + 4, "start", "", labels[i]);
    x += entry;
  }
  return legend;
}

struct Layout {
  std::vector<std::string> rows, columns;
  double first_top = 0;
  size_t columns_in_line() const { return std::clamp<size_t>(columns.size(), 1, kMaxColumns); }
  size_t num_lines() const { return std::max<size_t>(1, (columns.size() + kMaxColumns - 1) / kMaxColumns); }
  double inner_width() const { return static_cast<double>(columns_in_line()) * (kPanelWidth + kGap) - kGap; }
  double line_height() const { return static_cast<double>(rows.size()) * (kPanelHeight + kGap) + kHead + kNumbers; }
  double inner_height() const { return static_cast<double>(num_lines()) * line_height() - kHead - kNumbers - kGap; }
  double left(size_t column) const { return kLeft + static_cast<double>(column % kMaxColumns) * (kPanelWidth + kGap); }
  double top(size_t row, size_t column) const {
    return first_top + static_cast<double>(column / kMaxColumns) * line_height() +
           static_cast<double>(row) * (kPanelHeight + kGap);
  }
};

Layout layout_of(const LinePlot& plot) {
  Layout layout;
  for (const auto& panel : plot.panels) {
    index_of(layout.rows, panel.row);
    index_of(layout.columns, panel.column);
  }
  return layout;
}

std::string draw_panel(const LinePlot& plot, const Panel& panel, Layout& layout, std::vector<std::string>& labels) {
  const size_t row = index_of(layout.rows, panel.row), column = index_of(layout.columns, panel.column);
  const double left = layout.left(column), top = layout.top(row, column);
  const Axes axes = make_axes(plot, panel);
  const bool first = column % kMaxColumns == 0;
  std::string svg = draw_grid(plot, axes, left, top, first, row + 1 == layout.rows.size());
  if (row == 0) svg += text_at(left + kPanelWidth / 2, top - 8, "middle", "strong", panel.column);
  if (first) svg += upright_text(36, top + kPanelHeight / 2, "strong", panel.row);
  if (plot.mark_x) svg += draw_mark(*plot.mark_x, axes, left, top);
  for (const auto& series : panel.series) svg += draw_series(series, index_of(labels, series.label), axes, left, top);
  return svg;
}

// Where an axis was cut.
std::string cut_note(const LinePlot& plot) {
  for (const auto& panel : plot.panels)
    if (const PlotAxis y = make_axes(plot, panel).y; y.cut)
      return fmt::format("smaller values than {:.1g} lie on the lower edge", y.range.low);
  return "";
}

std::string x_text(const LinePlot& plot, double x) {
  return plot.x_names.empty() ? number_text(x) : escape_csv(plot.x_names.at(static_cast<size_t>(x)));
}

std::string data_csv(const LinePlot& plot) {
  bool spread = false;
  for (const auto& panel : plot.panels)
    for (const auto& series : panel.series) spread |= !series.spread.empty();
  std::string csv = fmt::format("row,column,series,{},{}{}\n", escape_csv(plot.x_label), escape_csv(plot.y_label),
                                spread ? ",half width" : "");
  for (const auto& panel : plot.panels)
    for (const auto& series : panel.series)
      for (size_t i = 0; i < series.x.size(); ++i)
        csv += fmt::format("{},{},{},{},{}{}\n", escape_csv(panel.row), escape_csv(panel.column),
                           escape_csv(series.label), x_text(plot, series.x[i]), number_text(series.y[i]),
                           spread ? "," + number_text(spread_at(series, i)) : "");
  return csv;
}

}  // namespace

std::string render_svg(const LinePlot& plot) {
  Layout layout = layout_of(plot);
  std::vector<std::string> labels = plot.labels;
  for (const auto& panel : plot.panels)
    for (const auto& series : panel.series) index_of(labels, series.label);
  double inner_width = std::max({layout.inner_width(), width_of(plot.title), 400.0});
  for (const auto& label : labels) inner_width = std::max(inner_width, legend_entry(label));
  const Legend legend = draw_legend(labels, inner_width);
  layout.first_top = kTitle + static_cast<double>(legend.num_lines) * kLegendLine + kHead;
  const double bottom = layout.first_top + layout.inner_height();
  const std::string note = cut_note(plot);
  std::string body = text_at(kLeft, kTitle, "start", "strong", plot.title) + legend.svg;
  for (const auto& panel : plot.panels) body += draw_panel(plot, panel, layout, labels);
  body += text_at(kLeft + layout.inner_width() / 2, bottom + 36, "middle", "", plot.x_label);
  body += upright_text(16, layout.first_top + layout.inner_height() / 2, "", plot.y_label);
  if (!note.empty()) body += text_at(kLeft, bottom + 54, "start", "small", note);
  const double height = bottom + kBottom + (note.empty() ? 0 : 16);
  return svg_document(plot.title, kLeft + inner_width + kRight, height, body, data_csv(plot));
}

}  // namespace freeact
