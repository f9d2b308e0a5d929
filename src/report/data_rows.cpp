// Long format for other programs: one row for each number of the store.
#include <fmt/format.h>

#include "report/csv_file.h"
#include "report/tables.h"

namespace freeact {
namespace {

// Empty where nothing was measured.
std::string optional_text(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "";
}

}  // namespace

void write_metric_rows(const std::vector<Run>& runs, const std::filesystem::path& path) {
  CsvFile file(path, {"run", "key", "experiment", "model", "checkpoint_hash", "source_version", "method", "bits",
                      "seed", "task", "task_version", "metric", "group", "value", "standard_error", "count",
                      "higher_is_better", "unit", "population"});
  for (const auto& [id, run, tasks] : runs) {
    for (const auto& metric : run.metrics) {
      file.add({std::to_string(id), run.key, run.experiment, run.model, run.checkpoint_hash, run.source_version,
                run.method, run.bits, std::to_string(run.seed), metric.task, std::to_string(metric.task_version),
                metric.name, metric.group, fmt::format("{}", metric.value), fmt::format("{}", metric.standard_error),
                std::to_string(metric.count), std::string(metric.higher_is_better ? "true" : "false"), metric.unit,
                std::to_string(metric.population)});
    }
  }
  file.finish();
}

void write_layer_rows(const std::vector<Run>& runs, const std::filesystem::path& path) {
  CsvFile file(path, {"run", "key", "experiment", "model", "method", "bits", "seed", "layer", "site", "token_type",
                      "relative_error", "tokens", "truncation", "activation_only"});
  for (const auto& [id, run, tasks] : runs) {
    for (const auto& error : run.layer_errors) {
      file.add({std::to_string(id), run.key, run.experiment, run.model, run.method, run.bits, std::to_string(run.seed),
                std::to_string(error.layer), error.site, error.token_type, fmt::format("{}", error.relative_error),
                std::to_string(error.tokens), optional_text(error.truncation), optional_text(error.activation_only)});
    }
  }
  file.finish();
}

void write_activation_rows(const std::vector<Run>& runs, const std::filesystem::path& path) {
  CsvFile file(path, {"run", "key", "experiment", "model", "seed", "layer", "site", "token_type", "tokens", "width",
                      "effective_rank", "dims_99", "mean_share", "absmax", "channel_ratio", "crest", "kurtosis"});
  for (const auto& [id, run, tasks] : runs) {
    for (const auto& a : run.activations) {
      file.add({std::to_string(id), run.key, run.experiment, run.model, std::to_string(run.seed),
                std::to_string(a.layer), a.site, a.token_type, std::to_string(a.tokens), std::to_string(a.width),
                fmt::format("{}", a.effective_rank), std::to_string(a.dims_99), fmt::format("{}", a.mean_share),
                fmt::format("{}", a.absmax), fmt::format("{}", a.channel_ratio), fmt::format("{}", a.crest),
                fmt::format("{}", a.kurtosis)});
    }
  }
  file.finish();
}

}  // namespace freeact
