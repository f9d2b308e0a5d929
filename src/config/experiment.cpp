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
  require_bits("quant.vision_w_bits", quant.vision_w_bits);
  require_bits("quant.vision_a_bits", quant.vision_a_bits);
}

void validate(const CalibrationConfig& calibration) {
  require_text("calibration.dataset", calibration.dataset);
  const bool two_texts = !calibration.text.empty() && calibration.is_running_text();
  require(!two_texts, "calibration.text", "empty where dataset is a text itself", calibration.text);
  require(calibration.num_samples >= 1, "calibration.num_samples", "1 or more", calibration.num_samples);
  require(calibration.sequence_length >= 0, "calibration.sequence_length", "0 or more", calibration.sequence_length);
  require(calibration.stride >= 0, "calibration.stride", "0 or more", calibration.stride);
  require_share("calibration.mask_ratio_min", calibration.mask_ratio_min);
  require_share("calibration.mask_ratio_max", calibration.mask_ratio_max);
  require(calibration.mask_ratio_min <= calibration.mask_ratio_max, "calibration.mask_ratio_min",
          "at most mask_ratio_max", calibration.mask_ratio_min);
}

void validate(const std::vector<TaskConfig>& tasks) {
  if (tasks.empty()) throw FieldError("tasks", "key 'tasks' is empty: name one task or more");
  std::set<std::string> names;
  for (size_t i = 0; i < tasks.size(); ++i) {
    const std::string prefix = fmt::format("tasks[{}].", i);
    require_text(prefix + "name", tasks[i].name);
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

// {name, a, b} -> {name, settings: {a, b}}, the form of MethodConfig and TaskConfig.
void nest_settings(Json& group) {
  if (!group.is_object()) return;
  Json nested = Json::object();
  if (const auto name = group.find("name"); name != group.end()) nested["name"] = *name;
  group.erase("name");
  nested["settings"] = std::move(group);
  group = std::move(nested);
}

void nest_all_settings(Json& values) {
  if (const auto method = values.find("method"); method != values.end()) nest_settings(*method);
  if (const auto tasks = values.find("tasks"); tasks != values.end() && tasks->is_array())
    for (Json& task : *tasks) nest_settings(task);
}

// The inverse of nest_settings.
void flatten_settings(Json& group) {
  const Json settings = group["settings"];
  group.erase("settings");
  group.update(settings);
}

}  // namespace

std::string QuantConfig::label() const {
  std::string text = w_bits == 16 && a_bits == 16 ? "" : fmt::format("W{}A{}", w_bits, a_bits);
  if (kv_bits != 16) text += fmt::format("KV{}", kv_bits);
  if (text.empty()) text = "16-bit";
  if (!has_float_vision()) text += fmt::format(" vision W{}A{}", vision_w_bits, vision_a_bits);
  return text;
}

Experiment read_experiment(const Tree& tree) {
  try {
    Json values = tree.values;
    nest_all_settings(values);
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
  flatten_settings(values["method"]);
  for (Json& task : values["tasks"]) flatten_settings(task);
  for (const char* key : {"vision_w_bits", "vision_a_bits"})
    if (experiment.quant.has_float_vision()) values["quant"].erase(key);
  if (experiment.calibration.images.empty()) values["calibration"].erase("images");
  return values;
}

}  // namespace freeact
