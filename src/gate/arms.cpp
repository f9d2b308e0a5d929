#include "gate/arms.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "report/config_lines.h"
#include "util/hash.h"

namespace freeact {
namespace {

constexpr size_t kSettingsDigits = 12;

struct Sum {
  double total = 0;
  int layers = 0;
};

// A layer's part that is unknown, or is 0 because nothing is dropped, is not measured.
void add_part(std::map<std::string, Sum>& sums, const char* part, const LayerError& error,
              std::optional<double> value) {
  if (!value || *value == 0) return;
  Sum& sum = sums[fmt::format("{}/{}/{}", part, error.site, error.token_type)];
  sum.total += *value;
  ++sum.layers;
}

void add_layer_errors(const RunRecord& run, Measurements& metrics) {
  std::map<std::string, Sum> sums;
  for (const LayerError& error : run.layer_errors) {
    add_part(sums, "layer_error", error, error.relative_error);
    add_part(sums, "layer_error.activations", error, error.activation_only);
    add_part(sums, "layer_error.truncation", error, error.truncation);
  }
  for (const auto& [name, sum] : sums) metrics[name] = {sum.total / sum.layers, "", false, 0};
}

Measurements measurements_of(const RunRecord& run) {
  Measurements metrics;
  for (const Metric& metric : run.metrics) {
    const std::string part = metric.group.empty() ? "" : "/" + metric.group;
    metrics[fmt::format("{}/{}{}", metric.task, metric.name, part)] = {metric.value, metric.unit,
                                                                       metric.higher_is_better, metric.count};
  }
  add_layer_errors(run, metrics);
  return metrics;
}

bool is_place(const std::string& path) {
  return path.ends_with(".path") || path.ends_with(".dataset") || path.ends_with(".text");
}

struct Settings {
  std::string hash, backend;
};

// What lies at a path is told by the checkpoint's hash; where it lies on this machine does not change a result.
Settings settings_of(const RunRecord& run) {
  std::string text = run.checkpoint_hash;
  Settings settings;
  for (const ConfigLine& line : config_lines(run.resolved_config)) {
    if (line.path == "backend.name") settings.backend = line.value;
    if (line.path == "seed" || line.path == "launcher" || line.path.starts_with("launcher.")) continue;
    text += '\n' +
            (is_place(line.path) ? line.path + ' ' + std::filesystem::path(line.value).filename().string() : line.text);
  }
  settings.hash = sha256(text).substr(0, kSettingsDigits);
  return settings;
}

}  // namespace

std::string ArmName::text() const {
  const bool floats = backend.empty() || backend == "simulated";
  return fmt::format("{}, {}, {}, {}{}", experiment, model, arm, bits, floats ? "" : ", " + backend);
}

std::vector<MeasuredArm> measured_arms(const Store& store, const std::string& experiment) {
  std::map<std::pair<ArmName, std::string>, MeasuredArm> arms;
  for (const RunSummary& summary : store.runs(experiment)) {
    const RunRecord run = store.load(summary.id);
    const Settings settings = settings_of(run);
    const ArmName name = {run.experiment, run.model, run.arm.empty() ? run.method : run.arm, run.bits,
                          settings.backend};
    MeasuredArm& arm = arms[{name, settings.hash}];
    arm.name = name;
    arm.settings = settings.hash;
    arm.seeds[run.seed] = {run.machine, run.source_version, measurements_of(run)};
  }
  std::vector<MeasuredArm> ordered;
  for (auto& [key, arm] : arms) ordered.push_back(std::move(arm));
  return ordered;
}

}  // namespace freeact
