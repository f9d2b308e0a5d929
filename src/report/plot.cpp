#include "report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/plot_axes.h"
#include "report/render.h"

namespace freeact {
namespace {

// Sizes in SVG user units (pixels at natural size).
constexpr double kPanelWidth = 236, kPanelHeight = 170, kGap = 14;
constexpr double kLeft = 84, kTitle = 18, kHead = 34, kRight = 10, kBottom = 48;
constexpr double kLegendLine = 20, kNumbers = 24;
constexpr double kMarker = 3.4;
constexpr size_t kMaxColumns = 4;  // of panels side by side

constexpr std::array kColours = {"#d55e00", "#cc79a7", "#e69f00", "#0072b2", "#009e73", "#56b4e9", "#7f7f7f"};

constexpr const char* kStyle =
    "<style>.plot text{font:12px system-ui,sans-serif;fill:var(--ink,#1f2328)}"
    ".plot .small{font-size:11px;fill:var(--faint,#59636e)}.plot .strong{font-weight:600}"
    ".plot .grid{stroke:var(--rule,#d1d9e0);stroke-width:1}"
    ".plot .frame{fill:none;stroke:var(--faint,#59636e);stroke-width:1}"
    ".plot .mark{stroke:var(--ink,#1f2328);stroke-width:1.2;stroke-dasharray:5 4}"
    ".plot .line{fill:none;stroke-width:1.8;stroke-linejoin:round}.plot .dashed{stroke-dasharray:6 3}"
    ".plot .paper{fill:var(--paper,#ffffff)}</style>";

bool drawable(double y, bool log_y) {
  return std::isfinite(y) && (!log_y || y > 0);
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
  const bool log_y = is_logarithmic(plot, shown.row);
  for (const auto& panel : plot.panels) {
    const bool same_column = panel.column == shown.column, same_row = !plot.own_rows || panel.row == shown.row;
    for (const auto& series : panel.series) {
      for (size_t i = 0; i < series.x.size(); ++i) {
        if (same_column) x.cover(series.x[i]);
        if (same_row && drawable(series.y[i], log_y)) y.cover(series.y[i]);
      }
    }
  }
  Axes axes{make_axis(x, false, 0.04), make_axis(y, log_y, 0.06)};
  // Layers and steps are whole numbers.
  std::erase_if(axes.x.ticks, [](double tick) { return tick != std::round(tick); });
  return axes;
}

size_t index_of(std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  names.push_back(name);
  return names.size() - 1;
}

std::string text_at(double x, double y, const char* anchor, const char* css_class, const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" class=\"{}\">{}</text>\n", x, y, anchor,
                     css_class, escape_html(text));
}

std::string upright_text(double x, double y, const char* css_class, const std::string& text) {
  return fmt::format(
      "<text x=\"{0:.1f}\" y=\"{1:.1f}\" text-anchor=\"middle\" class=\"{2}\" "
      "transform=\"rotate(-90 {0:.1f} {1:.1f})\">{3}</text>\n",
      x, y, css_class, escape_html(text));
}

double width_of(const std::string& text) {
  return 7.2 * static_cast<double>(text.size());
}

// Circle, square, triangle, diamond in turn.
std::string marker(size_t style, double x, double y) {
  const char* colour = kColours[style % kColours.size()];
  const double r = kMarker;
  switch (style % 4) {
    case 0:
      return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"{}\"/>", x, y, r * 0.9, colour);
    case 1:
      return fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>", x - r * 0.85,
                         y - r * 0.85, r * 1.7, r * 1.7, colour);
    case 2:
      return fmt::format("<path d=\"M{:.1f} {:.1f}l{} {}h{}z\" fill=\"{}\"/>", x, y - r * 1.1, r * 1.1, r * 2, -r * 2.2,
                         colour);
    default:
      return fmt::format("<path d=\"M{:.1f} {:.1f}l{} {}l{} {}l{} {}z\" fill=\"{}\"/>", x, y - r * 1.25, r * 1.25,
                         r * 1.25, -r * 1.25, r * 1.25, -r * 1.25, -r * 1.25, colour);
  }
}

std::string line(size_t style, const std::string& path) {
  return fmt::format("<path class=\"line{}\" stroke=\"{}\" d=\"{}\"/>", style < kColours.size() ? "" : " dashed",
                     kColours[style % kColours.size()], path);
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
    markers += marker(style, x, y);
    pen_down = true;
  }
  return fmt::format("<g><title>{}</title>{}{}</g>\n", escape_html(series.label), line(style, path), markers);
}

std::string draw_grid(const Axes& axes, double left, double top, bool y_numbers, bool x_numbers) {
  std::string svg;
  for (const double tick : axes.y.ticks) {
    const double y = top + (1 - axes.y.share(tick)) * kPanelHeight;
    svg += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}h{}\"/>", left, y, kPanelWidth);
    if (y_numbers) svg += text_at(left - 6, y + 4, "end", "small", fmt::format("{:g}", tick + 0.0));
  }
  for (const double tick : axes.x.ticks) {
    const double x = left + axes.x.share(tick) * kPanelWidth;
    svg += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}v{}\"/>", x, top, kPanelHeight);
    if (x_numbers) svg += text_at(x, top + kPanelHeight + 16, "middle", "small", fmt::format("{:g}", tick + 0.0));
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

Legend draw_legend(const std::vector<std::string>& labels, double width) {
  Legend legend{"", labels.empty() ? 0UL : 1UL};
  double x = kLeft, y = kTitle + kLegendLine;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double entry = 48 + width_of(labels[i]);
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
  std::string svg = draw_grid(axes, left, top, first, row + 1 == layout.rows.size());
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

// Empty where there is no value.
std::string number_text(double value) {
  return std::isnan(value) ? "" : fmt::format("{}", value);
}

std::string data_csv(const LinePlot& plot) {
  std::string csv = fmt::format("row,column,series,{},{}\n", escape_csv(plot.x_label), escape_csv(plot.y_label));
  for (const auto& panel : plot.panels)
    for (const auto& series : panel.series)
      for (size_t i = 0; i < series.x.size(); ++i)
        csv += fmt::format("{},{},{},{},{}\n", escape_csv(panel.row), escape_csv(panel.column),
                           escape_csv(series.label), number_text(series.x[i]), number_text(series.y[i]));
  return csv;
}

}  // namespace

std::string svg_style() {
  return kStyle;
}

std::string svg_document(const std::string& title, double width, double height, const std::string& body,
                         const std::string& data_csv) {
  const std::string data = data_csv.empty() ? "" : fmt::format("<metadata>{}</metadata>", escape_html(data_csv));
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" role=\"img\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "viewBox=\"0 0 {0:.0f} {1:.0f}\"><title>{2}</title>{3}{4}<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n"
      "{5}</svg>",
      width, height, escape_html(title), data, svg_style(), body);
}

BareFigure take_data(const std::string& svg) {
  constexpr std::string_view kOpen = "<metadata>", kClose = "</metadata>";
  const size_t begin = svg.find(kOpen);
  if (begin == std::string::npos) return {svg, ""};
  const size_t text = begin + kOpen.size(), end = svg.find(kClose, text);
  return {svg.substr(0, begin) + svg.substr(end + kClose.size()), svg.substr(text, end - text)};
}

std::string render_svg(const LinePlot& plot) {
  Layout layout = layout_of(plot);
  std::vector<std::string> labels = plot.labels;
  for (const auto& panel : plot.panels)
    for (const auto& series : panel.series) index_of(labels, series.label);
  const double inner_width = std::max({layout.inner_width(), width_of(plot.title), 400.0});
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
