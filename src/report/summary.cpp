#include "report/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "report/clipping.h"
#include "report/config_lines.h"
#include "report/format.h"
#include "report/layers.h"
#include "report/render.h"

namespace freeact {
namespace {

constexpr const char* kExpectedMethods[] = {"none", "rtn", "smoothquant", "quarot", "flatquant", "freeact"};

template <typename Member>
std::set<std::string> distinct(const std::vector<Run>& runs, Member member) {
  std::set<std::string> values;
  for (const auto& run : runs) values.insert(fmt::format("{}", run.record.*member));
  return values;
}

std::string list(const std::set<std::string>& values) {
  return values.empty() ? "none" : fmt::format("{}", fmt::join(values, ", "));
}

std::set<std::string> bit_widths(const std::vector<Setting>& settings) {
  std::set<std::string> bits;
  for (const auto& setting : settings) bits.insert(setting.bits);
  return bits;
}

std::string finding(const Setting& setting, const Comparison& comparison) {
  const std::string mark = subset_mark(comparison.runs, *comparison.column);
  std::string text = fmt::format("{}, {}{}: {} minus {} is {}", setting.title, metric_text(comparison),
                                 mark.empty() ? "" : " (" + mark + ")", comparison.arm->label,
                                 comparison.reference->label, difference_text(comparison));
  if (comparison.column->logarithmic) text += fmt::format(" ({})", ratio_text(comparison));
  if (comparison.by_seed.known())
    text += fmt::format(", 95% over {} seeds {}", comparison.num_seeds(),
                        format_range(comparison.by_seed, comparison.unit(), true));
  if (comparison.by_item.known()) text += ", over items " + format_range(comparison.by_item, comparison.unit(), true);
  if (comparison.discordance) text += ", McNemar's p " + p_value_text(comparison.adjusted_p_value);
  return text + ": " + verdict_text(comparison) + ".";
}

void add_layer_finding(std::vector<std::string>& sentences, const Setting& setting, const Arm& own,
                       const Arm& reference) {
  for (const auto& type : layer_token_types(setting)) {
    const auto of_type = [&](const LayerError& error) { return error.token_type == type; };
    const double ours = mean(mean_layer_errors(own, of_type));
    const double theirs = mean(mean_layer_errors(reference, of_type));
    if (std::isnan(ours) || std::isnan(theirs)) continue;
    sentences.push_back(fmt::format("{}, mean relative layer error on {} tokens: {} {:.3g}, {} {:.3g} ({}).",
                                    setting.title, type, own.label, ours, reference.label, theirs,
                                    ours > theirs   ? "larger"
                                    : ours < theirs ? "smaller"
                                                    : "equal"));
  }
}

void add_bit_caveat(std::vector<std::string>& sentences, const std::vector<Setting>& settings) {
  const auto bits = bit_widths(settings);
  if (bits.size() == 1)
    sentences.push_back(
        fmt::format("Only {} was measured; other bit widths may order the methods differently.", *bits.begin()));
  else if (!bits.empty())
    sentences.push_back(fmt::format("{} bit widths were measured ({}); a claim needs the bit width it holds at.",
                                    bits.size(), list(bits)));
}

void add_mixture_caveats(std::vector<std::string>& sentences, const std::vector<Run>& runs) {
  const auto versions = distinct(runs, &RunRecord::source_version);
  if (versions.size() > 1) sentences.push_back("Runs come from several source versions: " + list(versions) + ".");
  if (const auto machines = distinct(runs, &RunRecord::machine); machines.size() > 1)
    sentences.push_back(
        fmt::format("Runs come from {} machines; their durations are not comparable.", machines.size()));
}

// Clipping alone moves low-bit results by much, so unequal clipping must not be taken for the method.
void add_clipping_caveat(std::vector<std::string>& sentences, const std::vector<Run>& runs) {
  std::map<std::string, std::set<std::string>> methods;
  for (const auto& run : runs)
    if (const auto policy = clipping_policy(run.record); !policy.empty())
      methods[policy].insert(method_label(run.record.method));
  if (methods.size() < 2) return;
  std::vector<std::string> parts;
  for (const auto& [policy, names] : methods) parts.push_back(fmt::format("{} ({})", list(names), policy));
  sentences.push_back(
      fmt::format("Methods clip or round differently (weights / activations): {}. Part of a gap between them is that.",
                  fmt::join(parts, "; ")));
}

// "a dual KV cache / parallel threshold 0.9" for each task of a run's configuration that was decoded so.
std::map<std::string, std::string> approximate_decoding(const RunRecord& run) {
  std::map<std::string, std::string> tasks;
  std::string task;
  const auto add = [&](const std::string& what) { tasks[task] += (tasks[task].empty() ? "" : " / ") + what; };
  const std::string acceleration = "tasks.generation.acceleration.";
  for (const auto& [text, path, value] : config_lines(run.resolved_config)) {
    if (path == "tasks.name") task = value;
    if (path == acceleration + "kv_cache" && value != "none") add(fmt::format("a {} KV cache", value));
    if (path == acceleration + "threshold" && std::atof(value.c_str()) > 0) add("parallel threshold " + value);
  }
  return tasks;
}

void add_decoding_caveats(std::vector<std::string>& sentences, const std::vector<Run>& runs) {
  std::map<std::string, std::set<std::string>> tasks;
  for (const auto& run : runs)
    for (const auto& [task, how] : approximate_decoding(run.record)) tasks[how].insert(task);
  for (const auto& [how, names] : tasks)
    sentences.push_back(fmt::format("{}: decoded with {} (approximate).", list(names), how));
}

void add_seed_caveats(std::vector<std::string>& sentences, const Setting& setting) {
  std::vector<std::string> single;
  for (const auto& arm : setting.arms)
    if (arm.runs.size() == 1) single.push_back(arm.label);
  if (!single.empty())
    sentences.push_back(fmt::format("{}: one seed only, hence no interval over seeds, for {}.", setting.title,
                                    fmt::join(single, ", ")));
}

void add_missing(std::vector<std::string>& sentences, const Setting& setting) {
  std::vector<std::string> absent;
  for (const char* method : kExpectedMethods)
    if (find_arm(setting, method) == nullptr) absent.push_back(method_label(method));
  if (!absent.empty()) sentences.push_back(fmt::format("{}: no runs of {}.", setting.title, fmt::join(absent, ", ")));
  for (const auto& arm : setting.arms) {
    std::vector<std::string> columns;
    for (const auto& column : setting.columns)
      if (column_values(arm, column).size() < arm.runs.size()) columns.push_back(column.heading);
    if (!columns.empty())
      sentences.push_back(fmt::format("{}: {} lacks {} in some or all of its runs.", setting.title, arm.label,
                                      fmt::join(columns, ", ")));
  }
}

// The smallest test decides which differences could be seen at all.
void add_item_caveat(std::vector<std::string>& sentences, const std::vector<Run>& runs) {
  const Metric* smallest = nullptr;
  for (const auto& run : runs)
    for (const auto& metric : run.record.metrics)
      if (metric.unit == "%" && metric.group.empty() && metric.count > 0 &&
          (smallest == nullptr || metric.count < smallest->count))
        smallest = &metric;
  if (smallest == nullptr) return;
  const double half = 100 * wilson_interval(0.9, static_cast<double>(smallest->count)).half_width();
  sentences.push_back(
      fmt::format("The smallest test, {}, has {} items: an accuracy near 90% is known to about ±{:.0f} "
                  "points there, whatever the number of seeds.",
                  smallest->task, smallest->count, half));
}

// Part of a test is not the test.
void add_subset_caveat(std::vector<std::string>& sentences, const Setting& setting) {
  std::vector<std::string> parts;
  for (const auto& arm : setting.arms)
    for (const auto& column : setting.columns)
      if (const std::string mark = subset_mark(arm.runs, column); !mark.empty() && column.sources.size() == 1)
        parts.push_back(fmt::format("{} {}", column.heading, mark));
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  if (!parts.empty())
    sentences.push_back(
        fmt::format("{}: scores are of subsets ({}), which the intervals over items allow for; they are "
                    "not the scores of the whole tests.",
                    setting.title, fmt::join(parts, "; ")));
}

void add_superseded(std::vector<std::string>& sentences, const Setting& setting) {
  std::vector<int64_t> ids;
  for (const Run* run : setting.superseded) ids.push_back(run->id);
  if (!ids.empty())
    sentences.push_back(fmt::format("{}: left out because a newer run has the same configuration and seed: {}.",
                                    setting.title, join_runs(ids)));
}

}  // namespace

std::vector<std::string> provenance(const std::vector<Run>& runs) {
  const auto started = distinct(runs, &RunRecord::started_at);
  std::vector<std::string> sentences = {
      "Experiments: " + list(distinct(runs, &RunRecord::experiment)),
      "Models: " + list(distinct(runs, &RunRecord::model)),
      "Checkpoints (hash): " + list(distinct(runs, &RunRecord::checkpoint_hash)),
      "Source version: " + list(distinct(runs, &RunRecord::source_version)),
      "Machine: " + list(distinct(runs, &RunRecord::machine)),
      fmt::format("Runs: {}, seeds {}", runs.size(), list(distinct(runs, &RunRecord::seed)))};
  if (!started.empty())
    sentences.push_back(fmt::format("Started: {} to {} (UTC)", *started.begin(), *started.rbegin()));
  return sentences;
}

std::vector<std::string> findings(const Setting& setting, const std::vector<Comparison>& comparisons) {
  std::vector<std::string> sentences;
  for (const auto& comparison : comparisons) {
    const bool counts = is_summary(setting, *comparison.column) && !comparison.runs.empty();
    if (comparison.arm->method == "freeact" && counts) sentences.push_back(finding(setting, comparison));
  }
  if (const Arm* reference = find_arm(setting, "flatquant"))
    for (const Arm* own : find_arms(setting, "freeact")) add_layer_finding(sentences, setting, *own, *reference);
  if (sentences.empty())
    sentences.push_back(setting.title + ": FreeAct and FlatQuant have no seed in common; nothing can be said.");
  return sentences;
}

std::vector<std::string> caveats(const std::vector<Run>& runs, const std::vector<Setting>& settings) {
  std::vector<std::string> sentences;
  add_bit_caveat(sentences, settings);
  add_item_caveat(sentences, runs);
  add_mixture_caveats(sentences, runs);
  add_clipping_caveat(sentences, runs);
  add_decoding_caveats(sentences, runs);
  for (const auto& setting : settings) {
    add_subset_caveat(sentences, setting);
    add_seed_caveats(sentences, setting);
    add_missing(sentences, setting);
    add_superseded(sentences, setting);
  }
  return sentences;
}

}  // namespace freeact
