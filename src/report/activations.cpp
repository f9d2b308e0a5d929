#include "report/activations.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "report/format.h"
#include "report/over_layers.h"
#include "report/plot.h"

namespace freeact {
namespace {

using Value = RowValue<ActivationStatistics>;
using Group = RowGroup<ActivationStatistics>;  // one site and token type, over layers and seeds

std::vector<std::string> distinct(const std::vector<const Run*>& runs, std::string ActivationStatistics::*member) {
  return distinct_names(runs, &RunRecord::activations, member);
}

Group group_of(const std::vector<const Run*>& runs, const std::string& type, const std::string& site) {
  return rows_where(runs, &RunRecord::activations,
                    [&](const auto& a) { return a.token_type == type && a.site == site; });
}

// Over layers, of the means over seeds.
struct OverLayers {
  double mean = 0, max = 0;
  int layer_of_max = 0;
};

OverLayers over_layers(const Group& group, const Value& value) {
  std::vector<double> means;
  OverLayers result{.max = -INFINITY};
  for (const auto& [layer, values] : by_layer(group, value)) {
    means.push_back(mean(values));
    if (means.back() > result.max) {
      result.max = means.back();
      result.layer_of_max = layer;
    }
  }
  result.mean = mean(means);
  return result;
}

std::string significant(double value) {
  return std::isfinite(value) && std::abs(value) >= 100 ? fmt::format("{:.0f}", value) : fmt::format("{:#.3g}", value);
}

TableCell outlier_cell(const Group& group, const Value& value) {
  const OverLayers over = over_layers(group, value);
  TableCell cell = text_cell(significant(over.mean));
  if (std::isfinite(over.max)) cell.note = fmt::format("max {} (layer {})", significant(over.max), over.layer_of_max);
  return cell;
}

std::vector<TableCell> table_row(const Group& group, const std::string& type, const std::string& site) {
  const double rank = over_layers(group, [](const auto& a) { return a.effective_rank; }).mean;
  const double dims = over_layers(group, [](const auto& a) { return static_cast<double>(a.dims_99); }).mean;
  const double share = over_layers(group, [](const auto& a) { return a.mean_share; }).mean;
  const double tokens = over_layers(group, [](const auto& a) { return static_cast<double>(a.tokens); }).mean;
  TableCell type_cell = text_cell(type);
  type_cell.note = fmt::format("{:.0f} tokens", tokens);
  return {type_cell,
          text_cell(site),
          text_cell(fmt::format("{:.1f} of {}", rank, group.front()->width)),
          text_cell(fmt::format("{:.0f}", dims)),
          text_cell(fmt::format("{:.1f}%", 100 * share)),
          outlier_cell(group, [](const auto& a) { return a.absmax; }),
          outlier_cell(group, [](const auto& a) { return a.channel_ratio; }),
          outlier_cell(group, [](const auto& a) { return a.crest; }),
          outlier_cell(group, [](const auto& a) { return a.kurtosis; })};
}

}  // namespace

std::vector<const Run*> runs_with_activations(const Setting& setting) {
  std::vector<const Run*> runs;
  for (const auto& arm : setting.arms)
    for (const Run* run : arm.runs)
      if (!run->record.activations.empty()) runs.push_back(run);
  return runs;
}

std::optional<Table> activation_table(const Setting& setting) {
  const auto runs = runs_with_activations(setting);
  if (runs.empty()) return std::nullopt;
  Table table{
      .name = "activations_" + file_stem(setting.title),
      .title = "Activations of the 16-bit model by token type, " + setting.title,
      .caption =
          "Inputs x of each site on held-out calibration tokens; mean over layers of the mean over seeds, second "
          "line: the largest layer. Effective rank: exponential of the entropy of the eigenvalues of xᵀx/n as "
          "shares of their sum (Roy and Vetterli, 2007); dims: principal directions that hold 99% of the "
          "energy; both from at most 2048 tokens, which bound them where tokens are few. Mean's share: ‖mean "
          "x‖² over mean ‖x‖². Channel ratio: largest over median absolute maximum of a channel. Crest: largest "
          "over tokens of absolute maximum over root mean square. Kurtosis: fourth standardised moment of all "
          "entries (normal: 3).",
      .columns = {"Tokens", "Site", "Effective rank", "Dims, 99%", "Mean's share", "Absmax", "Channel ratio", "Crest",
                  "Kurtosis"},
      .rows = {},
      .num_text_columns = 2};
  for (const auto& type : distinct(runs, &ActivationStatistics::token_type))
    for (const auto& site : distinct(runs, &ActivationStatistics::site))
      if (const Group group = group_of(runs, type, site); !group.empty())
        table.rows.push_back(table_row(group, type, site));
  return table;
}

std::optional<Figure> activation_figure(const Setting& setting) {
  const auto runs = runs_with_activations(setting);
  if (runs.empty()) return std::nullopt;
  const std::vector<std::pair<std::string, Value>> quantities = {
      {"effective rank", [](const auto& a) { return a.effective_rank; }},
      {"mean's share", [](const auto& a) { return a.mean_share; }},
      {"channel ratio", [](const auto& a) { return a.channel_ratio; }}};
  LinePlot plot{.title = "Activations of the 16-bit model, " + setting.title,
                .x_label = "layer",
                .y_label = "",
                .log_y = false,
                .own_rows = true,
                .log_rows = {"effective rank", "channel ratio"},
                .labels = {},
                .panels = {}};
  const auto types = distinct(runs, &ActivationStatistics::token_type);
  for (const auto& type : types) plot.labels.push_back(type + " tokens");
  for (const auto& [name, value] : quantities)
    for (const auto& site : distinct(runs, &ActivationStatistics::site)) {
      Panel panel{.row = name, .column = site, .series = {}};
      for (const auto& type : types)
        panel.series.push_back(layer_series(group_of(runs, type, site), type + " tokens", value));
      plot.panels.push_back(std::move(panel));
    }
  return Figure{.name = "activations_" + file_stem(setting.title),
                .caption =
                    "Effective rank, share of the energy in the mean and channel ratio of every site's input by layer "
                    "and token type, mean over seeds; the definitions are with the table. Rank and ratio on "
                    "logarithmic scales.",
                .svg = render_svg(plot)};
}

}  // namespace freeact
