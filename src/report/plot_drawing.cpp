#include "report/plot_drawing.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>

#include "report/render.h"

namespace freeact {
namespace {

constexpr double kMarker = 3.4;

constexpr std::array kColours = {"#d55e00", "#cc79a7", "#e69f00", "#0072b2", "#009e73", "#56b4e9", "#7f7f7f"};

constexpr const char* kStyle =
    "<style>.plot text{font:12px system-ui,sans-serif;fill:var(--ink,#1f2328)}"
    ".plot .small{font-size:11px;fill:var(--faint,#59636e)}.plot .strong{font-weight:600}"
    ".plot .grid{stroke:var(--rule,#d1d9e0);stroke-width:1}"
    ".plot .frame{fill:none;stroke:var(--faint,#59636e);stroke-width:1}"
    ".plot .mark{stroke:var(--ink,#1f2328);stroke-width:1.2;stroke-dasharray:5 4}"
    ".plot .line{fill:none;stroke-width:1.8;stroke-linejoin:round}.plot .dashed{stroke-dasharray:6 3}"
    ".plot .paper{fill:var(--paper,#ffffff)}</style>";

}  // namespace

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

const char* colour_of(size_t style) {
  return kColours[style % kColours.size()];
}

std::string marker(size_t style, double x, double y) {
  const char* colour = colour_of(style);
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
                     colour_of(style), path);
}

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

std::string number_text(double value) {
  return std::isnan(value) ? "" : fmt::format("{}", value);
}

}  // namespace freeact
