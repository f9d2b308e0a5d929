#include "report/main_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "report/format.h"
#include "report/interval_plot.h"
#include "report/quantities.h"

namespace freeact {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

IntervalPanel panel_of(const Setting& setting, const Quantity& quantity) {
  IntervalPanel panel{.title = quantity.title, .logarithmic = quantity.logarithmic, .rows = {}};
  for (const auto& arm : setting.arms) {
    auto& row = panel.rows.emplace_back();
    const auto values = values_of(arm, quantity);
    if (values.empty()) continue;
    row = Estimated{t_interval(values),
                    quantity.column ? item_interval(arm, *quantity.column) : Interval{0, kNone, kNone}};
    if (quantity.column != nullptr && quantity.column->unit == "%" && row->seeds.known()) {
      row->seeds.low = std::max(row->seeds.low, 0.0);
      row->seeds.high = std::min(row->seeds.high, 100.0);
    }
  }
  return panel;
}

}  // namespace

std::optional<Figure> main_figure(const Setting& setting) {
  if (setting.arms.size() < 2) return std::nullopt;
  IntervalPlot plot{.title = setting.title, .labels = {}, .panels = {}};
  for (const auto& arm : setting.arms) plot.labels.push_back(arm.label);
  for (const auto& quantity : summary_quantities(setting)) plot.panels.push_back(panel_of(setting, quantity));
  if (plot.panels.empty()) return std::nullopt;
  return Figure{.name = "main_" + file_stem(setting.title),
                .caption =
                    "Every method: mean over seeds with its 95% t interval (bar; none for one seed), and the 95% "
                    "interval for the choice of test items (pale band). Likelihoods, perplexities and layer errors on "
                    "logarithmic axes.",
                .svg = render_svg(plot)};
}

}  // namespace freeact
