#include "report/quantities.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/comparison.h"
#include "report/layers.h"

namespace freeact {

std::vector<Quantity> summary_quantities(const Setting& setting) {
  std::vector<Quantity> quantities;
  for (const auto& column : setting.columns)
    if (is_summary(setting, column))  // a perplexity at 3 bits may be a thousand times that at 16
      quantities.push_back({fmt::format("{} [{}] {}", column.heading, column.unit, column.higher_is_better ? "↑" : "↓"),
                            column.unit != "%", &column});
  const Quantity layer_error = {"layer error ↓", true, nullptr};
  if (std::ranges::any_of(setting.arms, [&](const Arm& arm) { return !values_of(arm, layer_error).empty(); }))
    quantities.push_back(layer_error);
  return quantities;
}

std::vector<double> values_of(const Arm& arm, const Quantity& quantity) {
  if (quantity.column != nullptr) return column_values(arm, *quantity.column);
  if (arm.method == "none") return {};  // it has no error to show
  return mean_layer_errors(arm, [](const LayerError&) { return true; });
}

}  // namespace freeact
