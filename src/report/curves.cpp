#include "report/curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <set>

#include "report/config_lines.h"
#include "report/format.h"
#include "report/plot.h"
#include "report/quantities.h"

namespace freeact {
namespace {

constexpr size_t kLeastPoints = 3;

std::optional<double> number_in(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != 0) return std::nullopt;
  return number;
}

// A configuration by path; what a list repeats is joined, so that it is no number.
using Config = std::map<std::string, std::string>;

Config config_of(const Arm& arm) {
  Config config;
  for (const auto& line : config_lines(arm.runs.front()->record.resolved_config)) {
    if (line.path.empty() || line.path == "seed" || line.path.starts_with("launcher")) continue;
    auto& value = config[line.path];
    value += (value.empty() ? "" : "\n") + line.value;
  }
  return config;
}

struct ConfiguredArm {
  const Arm* arm = nullptr;
  Config config;
};

// Keys that not all of these have alike.
std::set<std::string> differing_keys(const std::vector<ConfiguredArm>& arms) {
  std::set<std::string> keys;
  for (const auto& [arm, config] : arms)
    for (const auto& [key, value] : config)
      for (const auto& [other_arm, other] : arms)
        if (const auto found = other.find(key); found == other.end() || found->second != value) keys.insert(key);
  return keys;
}

// Arms that differ in one key alone, by its value.
struct Sweep {
  std::string label;
  std::map<double, const Arm*> arms;
};

// "FreeAct, w_clip fixed": what else tells these arms from others of the method.
std::string sweep_label(const ConfiguredArm& arm, const std::string& key, const std::set<std::string>& differing) {
  std::string label = method_label(arm.arm->method);
  for (const auto& other : differing)
    if (const auto found = arm.config.find(other); other != key && found != arm.config.end())
      label += fmt::format(", {} {}", other.substr(other.rfind('.') + 1), found->second);
  return label;
}

std::vector<Sweep> sweeps_of(const std::vector<ConfiguredArm>& arms, const std::string& key,
                             const std::set<std::string>& differing) {
  std::map<Config, Sweep> by_rest;
  for (const auto& arm : arms) {
    const auto found = arm.config.find(key);
    const auto value = found == arm.config.end() ? std::nullopt : number_in(found->second);
    if (!value) continue;
    Config rest = arm.config;
    rest.erase(key);
    Sweep& sweep = by_rest[rest];
    sweep.label = sweep_label(arm, key, differing);
    sweep.arms[*value] = arm.arm;
  }
  std::vector<Sweep> sweeps;
  for (auto& [rest, sweep] : by_rest)
    if (sweep.arms.size() >= kLeastPoints) sweeps.push_back(std::move(sweep));
  return sweeps;
}

std::map<std::string, std::vector<ConfiguredArm>> arms_by_method(const Setting& setting) {
  std::map<std::string, std::vector<ConfiguredArm>> methods;
  for (const auto& arm : setting.arms) methods[arm.method].push_back({&arm, config_of(arm)});
  return methods;
}

// By key.
std::map<std::string, std::vector<Sweep>> all_sweeps(const Setting& setting) {
  std::map<std::string, std::vector<Sweep>> all;
  for (const auto& [method, arms] : arms_by_method(setting)) {
    const auto differing = differing_keys(arms);
    for (const auto& key : differing)
      for (auto& sweep : sweeps_of(arms, key, differing)) all[key].push_back(std::move(sweep));
  }
  return all;
}

void add_point(Series& series, double x, const std::vector<double>& values) {
  if (values.empty()) return;
  const Interval interval = t_interval(values);
  series.x.push_back(x);
  series.y.push_back(interval.centre);
  series.spread.push_back(interval.known() ? interval.half_width() : std::numeric_limits<double>::quiet_NaN());
}

// FlatQuant, unless it is swept itself.
const Arm* level_beside(const Setting& setting, const std::vector<Sweep>& sweeps) {
  const Arm* reference = find_arm(setting, "flatquant");
  for (const auto& sweep : sweeps)
    for (const auto& [x, arm] : sweep.arms)
      if (arm->method == "flatquant") return nullptr;
  return reference;
}

// From the first to the last of the swept values.
Series level(const Arm& arm, const std::vector<Sweep>& sweeps, const Quantity& quantity) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const auto& sweep : sweeps) {
    low = std::min(low, sweep.arms.begin()->first);
    high = std::max(high, sweep.arms.rbegin()->first);
  }
  Series series{.label = arm.label, .x = {}, .y = {}};
  for (const double x : {low, high}) add_point(series, x, values_of(arm, quantity));
  return series;
}

// Without values there is nothing to see.
void add_panel(LinePlot& plot, Panel panel) {
  if (std::ranges::any_of(panel.series, [](const Series& series) { return !series.x.empty(); }))
    plot.panels.push_back(std::move(panel));
}

LinePlot empty_plot(const std::string& title, const std::vector<Quantity>& quantities) {
  LinePlot plot{
      .title = title, .x_label = {}, .y_label = {}, .own_rows = true, .any_x = true, .labels = {}, .panels = {}};
  for (const auto& quantity : quantities)
    if (quantity.logarithmic) plot.log_rows.push_back(quantity.title);
  return plot;
}

Figure sweep_figure(const Setting& setting, const std::string& key, const std::vector<Sweep>& sweeps) {
  const auto quantities = summary_quantities(setting);
  const Arm* reference = level_beside(setting, sweeps);
  LinePlot plot = empty_plot(fmt::format("{}, {}", key, setting.title), quantities);
  plot.x_label = key;
  for (const auto& quantity : quantities) {
    Panel panel{.row = quantity.title, .column = "", .series = {}};
    for (const auto& sweep : sweeps) {
      Series series{.label = sweep.label, .x = {}, .y = {}};
      for (const auto& [x, arm] : sweep.arms) add_point(series, x, values_of(*arm, quantity));
      panel.series.push_back(std::move(series));
    }
    if (reference != nullptr) panel.series.push_back(level(*reference, sweeps, quantity));
    add_panel(plot, std::move(panel));
  }
  return Figure{
      .name = file_stem("sweep_" + key + "_" + setting.title),
      .caption = fmt::format("What the configuration's {} does, all else equal: mean over seeds with its 95% t "
                             "interval. FlatQuant beside it as a level.",
                             key),
      .svg = render_svg(plot)};
}

// Of settings that differ in their bits alone, in the order of the report.
Figure bit_figure(const std::vector<const Setting*>& settings) {
  const Setting& first = *settings.front();
  const auto quantities = summary_quantities(first);
  const std::string title = fmt::format("{}, {}", first.experiment, first.model);
  LinePlot plot = empty_plot("Bit widths, " + title, quantities);
  plot.x_label = "bits";
  std::vector<std::vector<Quantity>> own;  // of each setting, whose columns they name
  for (const Setting* setting : settings) {
    plot.x_names.push_back(setting->bits);
    own.push_back(summary_quantities(*setting));
  }
  for (const auto& shown : quantities) {
    Panel panel{.row = shown.title, .column = "", .series = {}};
    for (size_t bits = 0; bits < settings.size(); ++bits) {
      const auto quantity = std::ranges::find(own[bits], shown.title, &Quantity::title);
      if (quantity == own[bits].end()) continue;
      for (const auto& arm : settings[bits]->arms) {
        auto series = std::ranges::find(panel.series, arm.label, &Series::label);
        if (series == panel.series.end())
          series = panel.series.insert(series, Series{.label = arm.label, .x = {}, .y = {}});
        add_point(*series, static_cast<double>(bits), values_of(arm, *quantity));
      }
    }
    add_panel(plot, std::move(panel));
  }
  return Figure{.name = file_stem("bits_" + title),
                .caption =
                    "Every method against the bits of weights and activations: mean over seeds with its 95% t "
                    "interval.",
                .svg = render_svg(plot)};
}

}  // namespace

std::vector<Figure> sweep_figures(const Setting& setting) {
  std::vector<Figure> figures;
  for (const auto& [key, sweeps] : all_sweeps(setting)) figures.push_back(sweep_figure(setting, key, sweeps));
  return figures;
}

std::vector<Figure> bit_figures(const std::vector<Setting>& settings) {
  std::vector<Figure> figures;
  for (const auto& [origin, members] : by_origin(settings))
    if (members.size() >= kLeastPoints) figures.push_back(bit_figure(members));
  return figures;
}

}  // namespace freeact
