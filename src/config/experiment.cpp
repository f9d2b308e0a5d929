#include "config/experiment.h"

#include <cmath>
#include <set>

namespace freeact {
namespace {

void require(bool holds, const std::string& key, const char* wanted, const Json& got) {
  if (!holds) throw FieldError(key, fmt::format("key '{}' must be {}, but is {}", key, wanted, got.dump()));
}

void require_text(const std::string& key, const std::string& value) {
  if (value.empty()) throw FieldError(key, fmt::format("key '{}' is missing: give it a value", key));
}

void require_one_of(const std::string& key, const std::string& value, const std::vector<std::string>& known) {
  for (const auto& name : known)
    if (name == value) return;
  throw FieldError(key, unknown_name(key, value, known));
}

void require_share(const std::string& key, double value) {
  require(value >= 0 && value <= 1, key, "between 0 and 1", value);
}

void require_bits(const std::string& key, int bits) {
  require((bits >= 2 && bits <= 8) || bits == 16, key, "2 to 8, or 16", bits);
}

void validate(const ModelConfig& model) {
  require_text("model.name", model.name);
  require_text("model.path", model.path);
  require_text("model.family", model.family);
  require_one_of("model.dtype", model.dtype, {"float32", "bfloat16", "float16"});
}

void validate(const QuantConfig& quant) {
  require_bits("quant.w_bits", quant.w_bits);
  require_bits("quant.a_bits", quant.a_bits);
  require_bits("quant.kv_bits", quant.kv_bits);
}

void validate(const CalibrationConfig& calibration) {
  require_text("calibration.dataset", calibration.dataset);
  require(calibration.num_samples >= 1, "calibration.num_samples", "1 or more", calibration.num_samples);
  require(calibration.sequence_length >= 0, "calibration.sequence_length", "0 or more", calibration.sequence_length);
  require_share("calibration.mask_ratio_min", calibration.mask_ratio_min);
  require_share("calibration.mask_ratio_max", calibration.mask_ratio_max);
  require(calibration.mask_ratio_min <= calibration.mask_ratio_max, "calibration.mask_ratio_min",
          "at most mask_ratio_max", calibration.mask_ratio_min);
}

void validate(const TaskConfig& task, const std::string& prefix) {
  require_text(prefix + "name", task.name);
  require_one_of(prefix + "kind", task.kind, {"generation", "likelihood"});
  require_text(prefix + "dataset", task.dataset);
  require_text(prefix + "metric", task.metric);
  require(task.num_items >= 0, prefix + "num_items", "0 or more", task.num_items);
  require(task.version >= 1, prefix + "version", "1 or more", task.version);
  require(task.generation.is_object(), prefix + "generation", "a group of keys", task.generation);
  for (size_t i = 0; i < task.mask_ratios.size(); ++i)
    require_share(fmt::format("{}mask_ratios[{}]", prefix, i), task.mask_ratios[i]);
}

void validate(const std::vector<TaskConfig>& tasks) {
  if (tasks.empty()) throw FieldError("tasks", "key 'tasks' is empty: name one task or more");
  std::set<std::string> names;
  for (size_t i = 0; i < tasks.size(); ++i) {
    const std::string prefix = fmt::format("tasks[{}].", i);
    validate(tasks[i], prefix);
    if (!names.insert(tasks[i].name).second)
      throw FieldError(prefix + "name",
                       fmt::format("task '{}' is listed twice: results could not be told apart", tasks[i].name));
  }
}

void validate(const Experiment& experiment) {
  validate(experiment.model);
  require_text("method.name", experiment.method.name);
  validate(experiment.quant);
  validate(experiment.calibration);
  validate(experiment.tasks);
  require_text("backend.name", experiment.backend.name);
  require_text("backend.device", experiment.backend.device);
  require_text("launcher.name", experiment.launcher.name);
  require(experiment.launcher.workers >= 1, "launcher.workers", "1 or more", experiment.launcher.workers);
}

// {name, a, b} -> {name, settings: {a, b}}, the form of MethodConfig.
void nest_method_settings(Json& values) {
  const auto method = values.find("method");
  if (method == values.end() || !method->is_object()) return;
  Json nested = Json::object();
  if (const auto name = method->find("name"); name != method->end()) nested["name"] = *name;
  method->erase("name");
  nested["settings"] = std::move(*method);
  *method = std::move(nested);
}

}  // namespace

std::string QuantConfig::label() const {
  if (w_bits == 16 && a_bits == 16 && kv_bits == 16) return "16-bit";
  std::string text = w_bits == 16 && a_bits == 16 ? "" : fmt::format("W{}A{}", w_bits, a_bits);
  if (kv_bits != 16) text += fmt::format("KV{}", kv_bits);
  return text;
}

Experiment read_experiment(const Tree& tree) {
  try {
    Json values = tree.values;
    nest_method_settings(values);
    auto experiment = read_fields<Experiment>(values);
    validate(experiment);
    if (experiment.method.name == "none") experiment.quant = {.w_bits = 16, .a_bits = 16, .kv_bits = 16};
    return experiment;
  } catch (const FieldError& error) {
    throw located(error, tree.places);
  }
}

Json resolved_values(const Experiment& experiment) {
  Json values = write_fields(experiment);
  Json& method = values["method"];
  const Json settings = method["settings"];
  method.erase("settings");
  for (const auto& [key, value] : settings.items()) method[key] = value;
  return values;
}

}  // namespace freeact
