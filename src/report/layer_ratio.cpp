#include "report/layer_ratio.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <tuple>

#include "report/format.h"
#include "report/layers.h"

namespace freeact {
namespace {

using Place = std::tuple<int, std::string, std::string>;  // layer, site, token type
using Errors = std::map<Place, double>;

Errors errors_of(const Run& run) {
  Errors errors;
  for (const auto& e : run.record.layer_errors) errors[{e.layer, e.site, e.token_type}] = e.relative_error;
  return errors;
}

// One seed of a method beside the same seed of the reference.
struct Pair {
  Errors own, reference;
};

std::vector<Pair> pairs(const Arm& arm, const Arm& reference) {
  std::vector<Pair> all;
  for (const Run* run : arm.runs)
    for (const Run* other : reference.runs)
      if (run->record.seed == other->record.seed && !run->record.layer_errors.empty())
        all.push_back({errors_of(*run), errors_of(*other)});
  return all;
}

// The logarithm of (mean error of the method) / (mean error of the reference), a value a seed. An empty type stands for
// all.
std::vector<double> log_ratios(const std::vector<Pair>& seeds, const std::string& type) {
  std::vector<double> logs;
  for (const auto& [own, reference] : seeds) {
    double sum = 0, reference_sum = 0;
    for (const auto& [place, error] : own) {
      const auto found = reference.find(place);
      if (found == reference.end() || (!type.empty() && std::get<2>(place) != type)) continue;
      sum += error;
      reference_sum += found->second;
    }
    if (sum > 0 && reference_sum > 0) logs.push_back(std::log(sum / reference_sum));
  }
  return logs;
}

TableCell ratio_cell(const std::vector<double>& logs) {
  if (logs.empty()) return text_cell(std::string(kMissing));
  const Interval interval = t_interval(logs);
  return text_cell(fmt::format("{:#.3g}", std::exp(interval.centre)),
                   interval.known() ? fmt::format("{:#.3g} to {:#.3g}", std::exp(interval.low), std::exp(interval.high))
                                    : "one seed");
}

std::string share_of_smaller(const std::vector<Pair>& seeds) {
  size_t smaller = 0, all = 0;
  for (const auto& [own, reference] : seeds)
    for (const auto& [place, error] : own)
      if (const auto found = reference.find(place); found != reference.end()) {
        ++all;
        smaller += error < found->second ? 1 : 0;
      }
  return fmt::format("{:.0f}%", 100.0 * static_cast<double>(smaller) / static_cast<double>(all));
}

std::string verdict(const std::vector<double>& logs) {
  const Interval interval = t_interval(logs);
  if (!interval.known()) return "one seed";
  if (!interval.excludes_zero()) return "not separable";
  return interval.high < 0 ? "lower (better)" : "higher (worse)";
}

}  // namespace

std::optional<Table> layer_ratio_table(const Setting& setting) {
  const Arm* reference = find_arm(setting, "flatquant");
  const auto types = layer_token_types(setting);
  if (!reference || types.empty()) return std::nullopt;
  Table table{
      .name = "layer_ratios_" + file_stem(setting.title),
      .title = "Layer error against " + reference->label + ", " + setting.title,
      .caption =
          "Mean relative error over layers, sites and token types, divided by that of the reference at the same "
          "seed; geometric mean over seeds with Student's 95% interval of the logarithm. Below 1: less error. "
          "Smaller: the share of layers, sites and types where the error is smaller.",
      .columns = {"Method", "Seeds", "All tokens"},
      .rows = {}};
  if (types.size() > 1)
    for (const auto& type : types) table.columns.push_back(type + " tokens");
  table.columns.insert(table.columns.end(), {"Smaller", "Verdict"});
  for (const auto& arm : setting.arms) {
    const auto seeds = pairs(arm, *reference);
    if (&arm == reference || seeds.empty()) continue;
    const auto all = log_ratios(seeds, "");
    auto& row = table.rows.emplace_back();
    row = {text_cell(arm.label), text_cell(fmt::format("{}", seeds.size())), ratio_cell(all)};
    if (types.size() > 1)
      for (const auto& type : types) row.push_back(ratio_cell(log_ratios(seeds, type)));
    row.push_back(text_cell(share_of_smaller(seeds)));
    row.push_back(text_cell(verdict(all)));
  }
  if (table.rows.empty()) return std::nullopt;
  return table;
}

}  // namespace freeact
