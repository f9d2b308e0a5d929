#include "report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "report/render.h"

namespace freeact {
namespace {

// Sizes in SVG user units (pixels at natural size).
constexpr double kPanelWidth = 236, kPanelHeight = 170, kGap = 14;
constexpr double kLeft = 84, kTop = 72, kRight = 10, kBottom = 48;
constexpr double kMarker = 3.4;

constexpr std::array kColours = {"#d55e00", "#cc79a7", "#e69f00", "#0072b2", "#009e73", "#56b4e9", "#7f7f7f"};

constexpr const char* kStyle =
    "<style>.plot text{font:12px system-ui,sans-serif;fill:var(--ink,#1f2328)}"
    ".plot .small{font-size:11px;fill:var(--faint,#59636e)}.plot .strong{font-weight:600}"
    ".plot .grid{stroke:var(--rule,#d1d9e0);stroke-width:1}"
    ".plot .frame{fill:none;stroke:var(--faint,#59636e);stroke-width:1}"
    ".plot .mark{stroke:var(--ink,#1f2328);stroke-width:1.2;stroke-dasharray:5 4}"
    ".plot .line{fill:none;stroke-width:1.8;stroke-linejoin:round}"
    ".plot .paper{fill:var(--paper,#ffffff)}</style>";

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void cover(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

// One axis: data range, ticks and the place of a value as a share of the axis' length.
struct Axis {
  Range range;
  bool logarithmic = false;
  std::vector<double> ticks;
  double share(double value) const {
    if (!logarithmic) return (value - range.low) / (range.high - range.low);
    return std::log(value / range.low) / std::log(range.high / range.low);
  }
};

bool drawable(double y, bool log_y) {
  return std::isfinite(y) && (!log_y || y > 0);
}

Axis make_axis(Range range, bool logarithmic, double margin) {
  if (range.low > range.high) range = {logarithmic ? 0.1 : 0.0, 1.0};
  if (logarithmic) {
    const double factor = std::pow(range.high / range.low, margin) * 1.05;
    range = {range.low / factor, range.high * factor};
  } else {
    const double extra = std::max((range.high - range.low) * margin, range.high == range.low ? 0.5 : 0.0);
    range = {range.low - extra, range.high + extra};
  }
  return {range, logarithmic, logarithmic ? log_ticks(range.low, range.high) : linear_ticks(range.low, range.high, 5)};
}

struct Axes {
  Axis x, y;
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
  return fmt::format("<g><title>{}</title><path class=\"line\" stroke=\"{}\" d=\"{}\"/>{}</g>\n",
                     escape_html(series.label), kColours[style % kColours.size()], path, markers);
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

double legend_entry_width(const std::string& label) {
  return 48 + 7.2 * static_cast<double>(label.size());
}

double legend_width(const std::vector<std::string>& labels) {
  double width = 0;
  for (const auto& label : labels) width += legend_entry_width(label);
  return width;
}

std::string draw_legend(const std::vector<std::string>& labels) {
  std::string svg;
  double x = kLeft;
  for (size_t i = 0; i < labels.size(); ++i) {
    svg += fmt::format("<path class=\"line\" stroke=\"{}\" d=\"M{:.1f} 38h24\"/>", kColours[i % kColours.size()], x);
    svg += marker(i, x + 12, 38) + text_at(x + 30, 42, "start", "", labels[i]);
    x += legend_entry_width(labels[i]);
  }
  return svg;
}

std::string upright_text(double x, double y, const char* css_class, const std::string& text) {
  return fmt::format(
      "<text x=\"{0:.1f}\" y=\"{1:.1f}\" text-anchor=\"middle\" class=\"{2}\" "
      "transform=\"rotate(-90 {0:.1f} {1:.1f})\">{3}</text>\n",
      x, y, css_class, escape_html(text));
}

}  // namespace

std::string svg_style() {
  return kStyle;
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
  return decades.size() >= 3 ? decades : multiples({1, 2, 5});
}

std::string svg_document(const std::string& title, double width, double height, const std::string& body) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" role=\"img\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "viewBox=\"0 0 {0:.0f} {1:.0f}\"><title>{2}</title>{3}<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n"
      "{4}</svg>",
      width, height, escape_html(title), svg_style(), body);
}

std::string render_svg(const LinePlot& plot) {
  std::vector<std::string> rows, columns, labels = plot.labels;
  for (const auto& panel : plot.panels) {
    index_of(rows, panel.row);
    index_of(columns, panel.column);
  }
  std::string body = text_at(kLeft, 18, "start", "strong", plot.title);
  for (const auto& panel : plot.panels) {
    const size_t row = index_of(rows, panel.row), column = index_of(columns, panel.column);
    const double left = kLeft + static_cast<double>(column) * (kPanelWidth + kGap);
    const double top = kTop + static_cast<double>(row) * (kPanelHeight + kGap);
    const Axes axes = make_axes(plot, panel);
    body += draw_grid(axes, left, top, column == 0, row + 1 == rows.size());
    if (row == 0) body += text_at(left + kPanelWidth / 2, top - 8, "middle", "strong", panel.column);
    if (column == 0) body += upright_text(36, top + kPanelHeight / 2, "strong", panel.row);
    if (plot.mark_x) body += draw_mark(*plot.mark_x, axes, left, top);
    for (const auto& series : panel.series)
      body += draw_series(series, index_of(labels, series.label), axes, left, top);
  }
  const double inner_width = static_cast<double>(columns.size()) * (kPanelWidth + kGap) - kGap;
  const double inner_height = static_cast<double>(rows.size()) * (kPanelHeight + kGap) - kGap;
  const double width = kLeft + std::max({inner_width, legend_width(labels), 400.0}) + kRight,
               height = kTop + inner_height + kBottom;
  body += draw_legend(labels) + text_at(kLeft + inner_width / 2, height - 12, "middle", "", plot.x_label) +
          upright_text(16, kTop + inner_height / 2, "", plot.y_label);
  return svg_document(plot.title, width, height, body);
}

}  // namespace freeact
