#include "report/layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "report/format.h"
#include "report/over_layers.h"
#include "report/plot.h"
#include "report/render.h"
#include "report/tables.h"

namespace freeact {
namespace {

// The mean over seeds at every layer of one site and token type.
Series error_series(const Arm& arm, const std::string& site, const std::string& type) {
  const auto group = rows_where(arm.runs, &RunRecord::layer_errors,
                                [&](const LayerError& e) { return e.site == site && e.token_type == type; });
  return layer_series<LayerError>(group, arm.label, [](const LayerError& e) { return e.relative_error; });
}

// The 16-bit model has no error to show.
std::vector<const Arm*> quantised_arms(const Setting& setting) {
  std::vector<const Arm*> arms;
  for (const auto& arm : setting.arms)
    if (arm.method != "none") arms.push_back(&arm);
  return arms;
}

TableCell error_cell(const std::vector<double>& errors) {
  TableCell cell;
  cell.text = errors.empty() ? std::string(kMissing) : fmt::format("{:#.3g}", mean(errors));
  if (const Interval interval = t_interval(errors); interval.known())
    cell.text += fmt::format(" ± {:.2g}", interval.half_width());
  return cell;
}

std::string runs_of(const Arm& arm) {
  std::vector<int64_t> ids;
  for (const Run* run : arm.runs) ids.push_back(run->id);
  return join_runs(ids);
}

// An empty site stands for all of them.
std::vector<TableCell> error_row(const std::vector<const Arm*>& arms, const std::string& type,
                                 const std::string& site) {
  std::vector<TableCell> row(2);
  row[0].text = type;
  row[1].text = site.empty() ? "all" : site;
  size_t best = 0;
  double smallest = std::numeric_limits<double>::infinity();
  for (const Arm* arm : arms) {
    const auto errors = mean_layer_errors(*arm, [&](const LayerError& error) {
      return error.token_type == type && (site.empty() || error.site == site);
    });
    if (mean(errors) < smallest) {
      smallest = mean(errors);
      best = row.size();
    }
    row.push_back(error_cell(errors));
    row.back().tooltip = "runs " + runs_of(*arm);
  }
  if (best > 0) row[best].bold = true;
  return row;
}

// The sites that see tokens of several types, without those of one type alone (a vision tower's): only there do the
// errors of types compare.
struct MixedSites {
  std::vector<std::string> sites, types;
};

MixedSites mixed_sites(const Setting& setting) {
  std::map<std::string, std::vector<std::string>> types_of;  // in order of first appearance
  const auto add_once = [](std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const auto& arm : setting.arms)
    for (const Run* run : arm.runs)
      for (const auto& error : run->record.layer_errors) add_once(types_of[error.site], error.token_type);
  std::erase_if(types_of, [](const auto& site) { return site.second.size() < 2; });
  MixedSites mixed;
  for (const auto& [site, types] : types_of)
    for (const auto& type : types) add_once(mixed.types, type);
  for (const auto& [site, types] : types_of)
    if (types.size() == mixed.types.size()) mixed.sites.push_back(site);
  return mixed;
}

// One value for each run that recorded errors.
std::vector<double> errors_at(const Arm& arm, const std::vector<std::string>& sites, const std::string& type) {
  const auto counts = [&](const LayerError& error) {
    return error.token_type == type && std::find(sites.begin(), sites.end(), error.site) != sites.end();
  };
  std::vector<double> errors;
  for (const Run* run : arm.runs)
    if (!run->record.layer_errors.empty())
      errors.push_back(mean(mean_layer_errors({.method = arm.method, .label = arm.label, .runs = {run}}, counts)));
  return errors;
}

// [method][run]
using RunErrors = std::vector<std::vector<double>>;

RunErrors ratios(RunErrors errors, const RunErrors& to) {
  for (size_t i = 0; i < errors.size(); ++i)
    for (size_t run = 0; run < errors[i].size(); ++run) errors[i][run] /= to[i][run];
  return errors;
}

void add_column(Table& table, std::string heading, const RunErrors& errors, bool mark_smallest) {
  table.columns.push_back(std::move(heading));
  size_t best = errors.size();
  for (size_t i = 0; i < errors.size(); ++i) {
    table.rows[i].push_back(error_cell(errors[i]));
    if (!errors[i].empty() && (best == errors.size() || mean(errors[i]) < mean(errors[best]))) best = i;
  }
  if (mark_smallest && best < errors.size()) table.rows[best].back().bold = true;
}

}  // namespace

std::vector<std::string> layer_sites(const Setting& setting) {
  return distinct_names(setting, &RunRecord::layer_errors, &LayerError::site);
}
std::vector<std::string> layer_token_types(const Setting& setting) {
  return distinct_names(setting, &RunRecord::layer_errors, &LayerError::token_type);
}

std::optional<Table> token_type_table(const Setting& setting) {
  const auto arms = quantised_arms(setting);
  const MixedSites mixed = mixed_sites(setting);
  if (arms.empty() || mixed.sites.empty()) return std::nullopt;
  Table table{.name = "token_types_" + file_stem(setting.title),
              .title = "Error by token type, " + setting.title,
              .caption =
                  "Mean of ||ŷ − y||² / ||y||² over the layers and sites that see tokens of every type, then over "
                  "seeds ± half width of the 95% t interval; bold: smallest. Ratios are taken within each run.",
              .columns = {"Method"},
              .rows = {}};
  std::vector<RunErrors> errors;  // by type
  for (const auto& type : mixed.types) {
    auto& of_type = errors.emplace_back();
    for (const Arm* arm : arms) of_type.push_back(errors_at(*arm, mixed.sites, type));
  }
  for (const Arm* arm : arms) table.rows.push_back({text_cell(arm->label)});
  for (size_t i = 0; i < errors.size(); ++i) add_column(table, mixed.types[i] + " tokens", errors[i], true);
  if (errors.size() == 2)
    add_column(table, fmt::format("{} / {}", mixed.types[1], mixed.types[0]), ratios(errors[1], errors[0]), false);
  return table;
}

std::vector<double> mean_layer_errors(const Arm& arm, const std::function<bool(const LayerError&)>& keep) {
  std::vector<double> means;
  for (const Run* run : arm.runs) {
    std::vector<double> errors;
    for (const auto& error : run->record.layer_errors)
      if (keep(error)) errors.push_back(error.relative_error);
    if (!errors.empty()) means.push_back(mean(errors));
  }
  return means;
}

std::optional<Table> layer_table(const Setting& setting) {
  const auto arms = quantised_arms(setting);
  const auto types = layer_token_types(setting);
  if (arms.empty() || types.empty()) return std::nullopt;
  Table table{.name = "layer_errors_" + file_stem(setting.title),
              .title = "Relative layer error by token type and site, " + setting.title,
              .caption =
                  "Mean over layers of ||ŷ − y||² / ||y||², then over seeds ± half width of the 95% t interval; "
                  "bold: smallest.",
              .columns = {"Tokens", "Site"},
              .rows = {},
              .num_text_columns = 2};
  for (const Arm* arm : arms) table.columns.push_back(arm->label);
  for (const auto& type : types) {
    table.rows.push_back(error_row(arms, type, ""));
    for (const auto& site : layer_sites(setting)) table.rows.push_back(error_row(arms, type, site));
  }
  return table;
}

std::optional<Figure> layer_figure(const Setting& setting) {
  const auto arms = quantised_arms(setting);
  const auto types = layer_token_types(setting);
  if (arms.empty() || types.empty()) return std::nullopt;
  LinePlot plot{.title = "Relative layer error, " + setting.title,
                .x_label = "layer",
                .y_label = "||ŷ − y||² / ||y||²",
                .log_y = true,
                .labels = {},
                .panels = {}};
  for (const Arm* arm : arms) plot.labels.push_back(arm->label);
  for (const auto& type : types) {
    for (const auto& site : layer_sites(setting)) {
      Panel panel{.row = type + " tokens", .column = site, .series = {}};
      for (const Arm* arm : arms) panel.series.push_back(error_series(*arm, site, type));
      plot.panels.push_back(std::move(panel));
    }
  }
  return Figure{.name = "layer_errors_" + file_stem(setting.title),
                .caption =
                    "Relative error of every quantised site's output against the 16-bit one on calibration "
                    "tokens, mean over seeds, by layer, site and token type. Logarithmic scale.",
                .svg = render_svg(plot)};
}

}  // namespace freeact
