#include "report/page_limits.h"

#include <fmt/format.h>

#include <utility>

#include "report/render.h"

namespace freeact {
namespace {

constexpr size_t kMiB = 1 << 20;
constexpr size_t kMostFigures = 6 * kMiB;
constexpr size_t kMostTooltips = 2 * kMiB;
constexpr size_t kMostUnmaskings = kMiB;

size_t tooltip_bytes(const Table& table) {
  size_t bytes = 0;
  for (const auto& row : table.rows)
    for (const auto& cell : row) bytes += cell.tooltip.size();
  return bytes;
}

void drop_tooltips(Table& table) {
  for (auto& row : table.rows)
    for (auto& cell : row) cell.tooltip.clear();
  table.caption +=
      " The table is so large that its cells show nothing more when pointed at; configurations.txt beside this "
      "page has the configuration of every run under its hash.";
}

Link link_to(const Figure& figure) {
  return {.text = fmt::format("Figure {}, beside this page because it has many: {}", figure.name, figure.caption),
          .file = fmt::format("figures/{}.svg", figure.name)};
}

Link link_to(const UnmaskingMap& map) {
  return {.text = fmt::format("{}: beside this page because it has many", map.title),
          .file = fmt::format("tables/{}.csv", map.name)};
}

}  // namespace

ReportDocument within_limits(ReportDocument document) {
  size_t figures = 0, unmaskings = 0;
  for (auto& block : document.blocks) {
    if (auto* table = std::get_if<Table>(&block)) {
      if (tooltip_bytes(*table) > kMostTooltips) drop_tooltips(*table);
    } else if (const auto* figure = std::get_if<Figure>(&block)) {
      figures += figure->svg.size();
      if (figures > kMostFigures) block = link_to(*figure);
    } else if (const auto* map = std::get_if<UnmaskingMap>(&block)) {
      unmaskings += render_html(*map).size();
      if (unmaskings > kMostUnmaskings) block = link_to(*map);
    }
  }
  return document;
}

}  // namespace freeact
