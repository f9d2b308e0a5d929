#include "report/error_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/format.h"
#include "report/layers.h"
#include "report/over_layers.h"

namespace freeact {
namespace {

// Means over the rows of one method, token type and site that measured the parts.
struct Parts {
  size_t rows = 0;
  double error = 0, truncation = 0, activation_only = 0;
};

// An empty site stands for all of them.
Parts parts_of(const Arm& arm, const std::string& type, const std::string& site) {
  Parts parts;
  for (const Run* run : arm.runs)
    for (const auto& e : run->record.layer_errors) {
      if (e.token_type != type || (!site.empty() && e.site != site) || !e.truncation || !e.activation_only) continue;
      ++parts.rows;
      parts.error += e.relative_error;
      parts.truncation += *e.truncation;
      parts.activation_only += *e.activation_only;
    }
  for (double* sum : {&parts.error, &parts.truncation, &parts.activation_only}) *sum /= static_cast<double>(parts.rows);
  return parts;
}

std::string number(double value) {
  return value == 0 ? "0" : fmt::format("{}{:#.3g}", value < 0 ? "−" : "", std::abs(value));
}

void add_row(Table& table, const Arm& arm, const std::string& type, const std::string& site) {
  const Parts parts = parts_of(arm, type, site);
  if (parts.rows == 0) return;
  table.rows.push_back({text_cell(arm.label), text_cell(type), text_cell(site.empty() ? "all" : site),
                        text_cell(number(parts.error)), text_cell(number(parts.truncation)),
                        text_cell(number(parts.activation_only - parts.truncation)),
                        text_cell(number(parts.error - parts.activation_only)),
                        text_cell(fmt::format("{:.1f}%", 100 * parts.truncation / parts.error))});
}

bool truncates(const Arm& arm) {
  return std::any_of(arm.runs.begin(), arm.runs.end(), [](const Run* run) {
    const auto& errors = run->record.layer_errors;
    return std::any_of(errors.begin(), errors.end(), [](const auto& e) { return e.truncation.value_or(0) > 0; });
  });
}

}  // namespace

std::optional<Table> error_parts_table(const Setting& setting) {
  Table table{
      .name = "error_parts_" + file_stem(setting.title),
      .title = "What the layer error is made of, " + setting.title,
      .caption =
          "Relative error of the sites' outputs on held-out tokens, mean over layers, sites and seeds. "
          "Truncation: the error with all grids in 16 bits, so that only what a method drops is missing; 0 is "
          "Theorem 2's exactness, and what drops nothing has it. Activations: what their rounding adds to it, "
          "with weights in 16 bits. Weights: what their rounding adds to both. Methods that drop something "
          "also by site.",
      .columns = {"Method", "Tokens", "Site", "Error", "Truncation", "Activations", "Weights", "Truncation's share"},
      .rows = {},
      .num_text_columns = 3};
  for (const auto& arm : setting.arms)
    for (const auto& type : layer_token_types(setting)) {
      add_row(table, arm, type, "");
      if (!truncates(arm)) continue;
      for (const auto& site : layer_sites(setting)) add_row(table, arm, type, site);
    }
  if (table.rows.empty()) return std::nullopt;
  return table;
}

std::optional<Figure> truncation_figure(const Setting& setting) {
  LinePlot plot{.title = "Share of truncation in the layer error, " + setting.title,
                .x_label = "layer",
                .y_label = "truncation / error",
                .labels = {},
                .panels = {}};
  for (const auto& arm : setting.arms)
    if (truncates(arm)) plot.labels.push_back(arm.label);
  if (plot.labels.empty()) return std::nullopt;
  for (const auto& type : layer_token_types(setting))
    for (const auto& site : layer_sites(setting)) {
      Panel panel{.row = type + " tokens", .column = site, .series = {}};
      for (const auto& arm : setting.arms) {
        if (!truncates(arm)) continue;
        const auto group = rows_where(arm.runs, &RunRecord::layer_errors, [&](const auto& e) {
          return e.site == site && e.token_type == type && e.truncation.has_value();
        });
        panel.series.push_back(layer_series<LayerError>(
            group, arm.label, [](const auto& e) { return e.truncation.value_or(0) / e.relative_error; }));
      }
      plot.panels.push_back(std::move(panel));
    }
  return Figure{.name = "truncation_" + file_stem(setting.title),
                .caption =
                    "Error with all grids in 16 bits, only dimensions dropped, over the whole error, of the methods "
                    "that drop some; mean over seeds. The rest is rounding.",
                .svg = render_svg(plot)};
}

}  // namespace freeact
