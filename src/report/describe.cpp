#include "report/describe.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "report/block_training.h"
#include "report/format.h"
#include "util/progress.h"

namespace freeact {
namespace {

constexpr size_t kWorstLayers = 8;

std::string line(const char* name, const std::string& value) {
  return fmt::format("  {:<14}{}\n", name, value);
}

std::string describe_origin(const RunRecord& run) {
  return fmt::format("{} of {} at {}, seed {}\n", method_label(run.method), run.model, run.bits, run.seed) +
         line("key", run.key) + line("experiment", run.experiment) + line("checkpoint", run.checkpoint_hash) +
         (run.model_bytes ? line("size", format_megabytes(*run.model_bytes) + " MB") : "") +
         line("version", run.source_version) + line("machine", run.machine) + line("started", run.started_at) +
         line("calibration", format_duration(run.calibration_s)) +
         line("evaluation", format_duration(run.evaluation_s));
}

std::string describe_metrics(const RunRecord& run) {
  std::string text = "\nmetrics\n";
  size_t width = 0;
  for (const auto& metric : run.metrics) width = std::max(width, metric.task.size());
  for (const auto& metric : run.metrics) {
    const std::string name = metric.name + (metric.group.empty() ? "" : " " + metric.group);
    const std::string of = metric.count < metric.population ? fmt::format(" of {}", metric.population) : "";
    text += fmt::format("  {:<{}}  {:<28}{:>10} {:<6} standard error {}, {}{} items, task version {}\n", metric.task,
                        width, name, format_value(metric.value, metric.unit), metric.unit,
                        format_value(metric.standard_error, metric.unit), metric.count, of, metric.task_version);
  }
  return run.metrics.empty() ? "\nno metrics\n" : text;
}

std::string describe_worst_layers(const RunRecord& run) {
  auto worst = run.layer_errors;
  if (worst.empty()) return "\nno layer errors were recorded\n";
  std::stable_sort(worst.begin(), worst.end(),
                   [](const LayerError& a, const LayerError& b) { return a.relative_error > b.relative_error; });
  worst.resize(std::min(worst.size(), kWorstLayers));
  std::string text = "\nlargest relative layer errors\n";
  for (const auto& error : worst)
    text += fmt::format("  layer {:<4}{:<20}{:<10}{:.3g}\n", error.layer, error.site, error.token_type,
                        error.relative_error);
  return text;
}

// The layer with the most unequal channels stands for each site and token type.
std::string describe_activations(const RunRecord& run) {
  std::map<std::pair<std::string, std::string>, ActivationStatistics> worst;
  for (const auto& a : run.activations)
    if (const auto [place, first] = worst.try_emplace({a.token_type, a.site}, a);
        !first && a.channel_ratio > place->second.channel_ratio)
      place->second = a;
  std::string text = "\nactivations, at the layer of each site with the largest channel ratio\n";
  for (const auto& [key, a] : worst)
    text += fmt::format(
        "  {:<10}{:<18}layer {:<4}effective rank {:.1f} of {}, mean share {:.2g}, channel ratio {:.1f}, absmax {:.3g}, "
        "kurtosis {:.3g}\n",
        a.token_type, a.site, a.layer, a.effective_rank, a.width, a.mean_share, a.channel_ratio, a.absmax, a.kurtosis);
  return worst.empty() ? "" : text;
}

std::string describe_config(const RunRecord& run) {
  std::string text = "\nconfiguration\n";
  std::istringstream lines(run.resolved_config);
  for (std::string config_line; std::getline(lines, config_line);) text += "  " + config_line + "\n";
  return text;
}

}  // namespace

std::string describe_run(const RunRecord& run) {
  return describe_origin(run) + describe_metrics(run) + describe_worst_layers(run) + describe_activations(run) +
         describe_block_trainings(run) + describe_config(run);
}

}  // namespace freeact
