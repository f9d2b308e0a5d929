#include "config/experiment.h"

#include <algorithm>
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

// A group of one channel would be its own scale.
void require_groups(const std::string& key, int64_t size, int bits) {
  require(size == 0 || size >= 2, key, "0, or 2 or more", size);
  require(size == 0 || bits != 16, key, "0 where 16 bits leave nothing to scale", size);
}

void validate(const ModelConfig& model) {
  require_text("model.name", model.name);
  require_text("model.path", model.path);
  require_text("model.family", model.family);
  require_one_of("model.dtype", model.dtype, {"float32", "bfloat16", "float16"});
  require(model.late_mask_share > 0 && model.late_mask_share < 1, "model.late_mask_share", "above 0 and below 1",
          model.late_mask_share);
}

void validate(const QuantConfig& quant) {
  require_bits("quant.w_bits", quant.w_bits);
  require_bits("quant.a_bits", quant.a_bits);
  require_bits("quant.kv_bits", quant.kv_bits);
  require_bits("quant.vision_w_bits", quant.vision_w_bits);
  require_bits("quant.vision_a_bits", quant.vision_a_bits);
  require(quant.embedding_bits == 8 || quant.embedding_bits == 16, "quant.embedding_bits", "8 or 16",
          quant.embedding_bits);
  require_groups("quant.w_group_size", quant.w_group_size, quant.w_bits);
  require_groups("quant.a_group_size", quant.a_group_size, quant.a_bits);
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
  require_one_of("calibration.states", calibration.states, {"decoding", "masked"});
  require(calibration.decoding.empty() || calibration.states == "decoding", "calibration.decoding",
          "left out unless calibration.states is decoding", calibration.decoding);
  require_one_of("calibration.loss_weights", calibration.loss_weights, {"attention", "equal", "mask_state"});
  require(calibration.mask_weight > 0, "calibration.mask_weight", "above 0", calibration.mask_weight);
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

void validate(const StreamConfig& stream) {
  try {
    validate(stream.calibration);
  } catch (const FieldError& error) {
    throw FieldError("stream." + error.key(), fmt::format("in 'stream', {}", error.what()));
  }
  require(stream.windows >= 3, "stream.windows", "3 or more", stream.windows);
  require(stream.shift_at >= 1 && stream.shift_at <= stream.windows - 2, "stream.shift_at",
          "1 or more and leave 2 windows or more of the new data", stream.shift_at);
  require(stream.sequences >= 1, "stream.sequences", "1 or more", stream.sequences);
  require(stream.decay > 0 && stream.decay <= 1, "stream.decay", "above 0 and at most 1", stream.decay);
  require(stream.threshold >= 0, "stream.threshold", "0 or more", stream.threshold);
}

void validate(const AnalysisConfig& analysis) {
  for (const auto& site : analysis.surface_sites)
    require_one_of("analysis.surface_sites", site, {"attention.output", "attention.qkv", "mlp.down", "mlp.gate_up"});
  for (const int layer : analysis.surface_layers) require(layer >= 0, "analysis.surface_layers", "0 or more", layer);
  require(analysis.surface_bins >= 1 && analysis.surface_bins <= 256, "analysis.surface_bins", "1 to 256",
          analysis.surface_bins);
}

// They become lines of a script.
void require_one_line(const std::string& key, const std::string& value) {
  const bool printable = std::all_of(value.begin(), value.end(), [](unsigned char c) { return c >= ' ' && c != 127; });
  require(printable, key, "one line of text", value);
}

void validate(const LauncherConfig& launcher) {
  require_one_of("launcher.name", launcher.name, {"local", "slurm"});
  require(launcher.workers >= 1, "launcher.workers", "1 or more", launcher.workers);
  require(launcher.replicas >= 0, "launcher.replicas", "0 or more", launcher.replicas);
  require(launcher.gpus >= 0, "launcher.gpus", "0 or more", launcher.gpus);
  require(launcher.cpus >= 1, "launcher.cpus", "1 or more", launcher.cpus);
  require(launcher.concurrency >= 0, "launcher.concurrency", "0 or more", launcher.concurrency);
  require(launcher.grace_s >= 1 && launcher.grace_s <= 65535, "launcher.grace_s", "1 to 65535", launcher.grace_s);
  require(launcher.requeues >= 0, "launcher.requeues", "0 or more", launcher.requeues);
  require_one_line("launcher.partition", launcher.partition);
  require_one_line("launcher.account", launcher.account);
  require_one_line("launcher.memory", launcher.memory);
  require_one_line("launcher.time", launcher.time);
  for (const auto& module : launcher.modules) require_one_line("launcher.modules", module);
  for (const auto& option : launcher.options) {
    require(option.starts_with("-"), "launcher.options", "options of sbatch such as --qos=long", option);
    require_one_line("launcher.options", option);
  }
  LauncherConfig plain;
  plain.workers = launcher.workers;
  plain.replicas = launcher.replicas;
  if (launcher.name == "local" && write_fields(launcher) != write_fields(plain))
    throw FieldError("launcher", "key 'launcher' has settings of Slurm, but runs locally: choose launcher=slurm");
}

// Experiments have tasks or a stream.
void validate_measurements(const Experiment& experiment) {
  if (!experiment.stream.is_set()) return validate(experiment.tasks);
  if (!experiment.tasks.empty())
    throw FieldError("tasks", "key 'tasks' must be left out where 'stream' is given: a stream measures no tasks");
  validate(experiment.stream);
  const int bits = experiment.quant.embedding_bits;
  require(bits == 16, "quant.embedding_bits", "16 in a stream, which measures the blocks alone", bits);
}

void validate(const Experiment& experiment) {
  validate(experiment.model);
  require_text("method.name", experiment.method.name);
  validate(experiment.quant);
  validate(experiment.calibration);
  validate_measurements(experiment);
  validate(experiment.analysis);
  require(experiment.limit >= 0, "limit", "0 or more", experiment.limit);
  require_text("backend.name", experiment.backend.name);
  require_text("backend.device", experiment.backend.device);
  validate(experiment.launcher);
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

// Each with its switch: what a switch turns off does not change a result.
void leave_out_defaults(const Experiment& experiment, Json& values) {
  const auto leave_out = [&](const char* group, bool at_default, std::initializer_list<const char*> keys) {
    for (const char* key : keys)
      if (at_default) values[group].erase(key);
  };
  const ModelConfig& model = experiment.model;
  leave_out("model", model.token_types == "family", {"token_types"});
  leave_out("model", model.token_types != "early_late_mask", {"late_mask_share"});
  leave_out("quant", experiment.quant.w_group_size == 0, {"w_group_size"});
  leave_out("quant", experiment.quant.a_group_size == 0, {"a_group_size"});
  leave_out("quant", experiment.quant.embedding_bits == 16, {"embedding_bits"});
  const CalibrationConfig& calibration = experiment.calibration;
  leave_out("calibration", calibration.states == "masked", {"states", "decoding"});
  leave_out("calibration", calibration.loss_weights == "equal", {"loss_weights"});
  leave_out("calibration", calibration.loss_weights != "mask_state", {"mask_weight"});
  const bool on_slurm = experiment.launcher.name == "slurm";
  leave_out("launcher", on_slurm, {"workers"});
  leave_out("launcher", experiment.launcher.replicas == 0, {"replicas"});
  leave_out("launcher", !on_slurm,
            {"partition", "account", "gpus", "cpus", "memory", "time", "modules", "options", "concurrency", "grace_s",
             "requeues", "wait"});
}

}  // namespace

std::string QuantConfig::label() const {
  std::string text = w_bits == 16 && a_bits == 16 ? "" : fmt::format("W{}A{}", w_bits, a_bits);
  if (kv_bits != 16) text += fmt::format("KV{}", kv_bits);
  if (text.empty()) text = "16-bit";
  if (w_group_size != 0) text += fmt::format(" g{}", w_group_size);
  if (a_group_size != 0) text += fmt::format(" ag{}", a_group_size);
  if (!has_float_vision()) text += fmt::format(" vision W{}A{}", vision_w_bits, vision_a_bits);
  if (embedding_bits != 16) text += fmt::format(" E{}", embedding_bits);
  return text;
}

Experiment read_experiment(const Tree& tree) {
  try {
    Json values = tree.values;
    nest_all_settings(values);
    auto experiment = read_fields<Experiment>(values);
    if (values.contains("stream")) require_text("stream.shift_to", experiment.stream.shift_to);
    validate(experiment);
    if (experiment.method.name == "none") {
      experiment.quant = {.w_bits = 16, .a_bits = 16, .kv_bits = 16};
      if (experiment.backend.name == "cpu" || experiment.backend.name == "cuda")
        experiment.backend.name = "simulated";  // it has no integers: run once
    }
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
  if (!experiment.stream.is_set()) values.erase("stream");
  if (experiment.analysis == AnalysisConfig()) values.erase("analysis");
  if (experiment.limit == 0) values.erase("limit");
  leave_out_defaults(experiment, values);
  return values;
}

}  // namespace freeact
