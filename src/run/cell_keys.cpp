// What a cell is, told before anything is computed: its settings, what identifies its results, what it will take.
#include <ATen/ATen.h>

#include "eval/dataset.h"
#include "eval/evaluate.h"
#include "run/backend.h"
#include "run/calibration_states.h"
#include "run/cell_runner.h"
#include "run/external.h"
#include "run/quantised_vision.h"
#include "run/saved_model.h"
#include "run/task_data.h"
#include "run/task_settings.h"
#include "run/token_analysis.h"
#include "util/hash.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

// What lies at a path is told by its hash; where it lies on this machine, or which of its GPUs computes, does not
// change a result.
nlohmann::json without_places(nlohmann::json determining) {
  const auto keep_name = [](nlohmann::json& path) {
    if (path.is_string()) path = fs::path(path.get<std::string>()).filename().string();
  };
  keep_name(determining["model"]["path"]);
  nlohmann::json& device = determining["backend"]["device"];
  if (device.is_string()) device = device.get<std::string>().substr(0, device.get<std::string>().find(':'));
  for (const char* key : {"dataset", "text"}) keep_name(determining["calibration"][key]);
  for (auto& task : determining["tasks"]) keep_name(task["dataset"]);
  return determining;
}

// What determines how a model is quantised, of all that determines what comes out. Of the backend that is a GPU, whose
// sums round in another order.
nlohmann::json of_calibration(nlohmann::json determining) {
  const nlohmann::json device = determining["backend"]["device"];
  for (const char* key : {"tasks", "data_hashes", "backend", "analysis", "repetition_penalty"}) determining.erase(key);
  if (device != "cpu") determining["device"] = device;
  determining["quant"].erase("embedding_bits");  // rounded behind the calibration
  return determining;
}

// Of what a checkpoint's own hash leaves out: how large its makers show it images.
std::string image_settings_hash(const fs::path& folder) {
  const fs::path file = folder / "preprocessor_config.json";
  return fs::exists(file) ? sha256_file(file) : "";
}

// Keys that came after the first results are left out where the method rounds and trains as it always has, so that a
// finished run is still known.
Json resolved_method(const MethodEntry& entry, const Json& settings) {
  Json resolved = entry.resolve(settings);
  const auto to_nearest = [](const Json& all) { return all.value("w_rounding", "nearest") == "nearest"; };
  if (to_nearest(resolved) && to_nearest(entry.resolve(Json::object())))
    for (const char* key : {"w_rounding", "gptq_damp", "gptq_act_order"}) resolved.erase(key);
  const Json defaults = entry.resolve(Json::object());
  for (const char* key : {"start", "patience", "keep_best", "rank_fractions"})
    if (resolved.contains(key) && resolved[key] == defaults[key]) resolved.erase(key);
  return resolved;
}

// Calibration keys at their defaults are left out, those of other rooms as well.
void resolve_calibration(const CalibrationConfig& calibration, Json& resolved) {
  const ImageLimits limits = image_limits(calibration);
  resolved.erase("images");
  if (limits != ImageLimits()) resolved["images"] = write_fields(limits);
  const Json decoding = write_fields(decoding_settings(calibration));
  resolved.erase("decoding");
  if (decoding != write_fields(AnswerSettings())) resolved["decoding"] = decoding;
}

}  // namespace

QuantSpec spec_of(const QuantConfig& q) {
  const Grid kv = {q.kv_bits, q.a_symmetric};
  return {{q.w_bits, q.w_symmetric, q.w_group_size}, {q.a_bits, q.a_symmetric, q.a_group_size}, kv, kv};
}

Json CellRunner::validate(const Cell& cell) const {
  const Experiment& e = cell.experiment;
  Json resolved = cell.resolved;
  check_backend(e.backend);
  for (size_t i = 0; i < e.tasks.size(); ++i)
    resolved["tasks"][i] = resolved_task_settings(task_settings(cell, i, project_));
  try {
    resolve_calibration(e.calibration, resolved["calibration"]);
    if (e.method.name == "none") return resolved;
    Json method = {{"name", e.method.name}};
    method.update(resolved_method(find_method(methods_, e.method.name), e.method.settings));
    resolved["method"] = method;
  } catch (const FieldError& error) {
    throw located(error, cell.places);
  }
  return resolved;
}

void CellRunner::add_task(const EvalTaskSettings& task, const ModelConfig& config, const LoadedModel& model,
                          nlohmann::json& determining) const {
  require_imported(project_.datasets() / task.dataset);
  check_model_fits(task, model.decoder.config);
  const auto prompter = prompter_for(task, config, model);  // a missing template is found before the calibration
  check_data_fits(project_.datasets(), task, prompter && prompter->sees_images());
  determining["data_hashes"].push_back(task_data_hash(project_.datasets(), task));
}

void CellRunner::add_calibration(const Experiment& e, const LoadedModel& model, nlohmann::json& determining) const {
  if (e.method.name != "none")
    for (const auto& place : calibration_places(e.calibration, project_.datasets())) require_imported(place);
  if (e.method.name == "none" && !has_calibration(e, model)) return;
  const auto prompter = calibration_prompter(e, model);
  check_calibration_fits(e.calibration, project_.datasets(), model.decoder.config, prompter && prompter->sees_images());
  determining["calibration_hash"] = calibration_data_hash(e.calibration, project_.datasets());
}

CellKeys CellRunner::keys(const Cell& cell) {
  nlohmann::json determining = without_places(determining_settings(cell.resolved));
  determining.erase("limit");  // the tasks have it
  const Experiment& e = cell.experiment;
  const auto model = source_model(e);
  if (model->made_by) check_saved(cell, *model->made_by);
  check_vision_bits(*model, e.quant);
  check_groups(spec_of(e.quant), model->decoder.config);
  check_analysis(e.analysis, model->decoder.config);
  determining["checkpoint_hash"] = model->hash;
  if (model->vision) determining["image_settings_hash"] = image_settings_hash(project_.resolve(e.model.path));
  if (model->generation.repetition_penalty != 1)
    determining["repetition_penalty"] = model->generation.repetition_penalty;
  const auto tasks = all_task_settings(cell, project_);
  require_task_data(tasks, project_);
  for (const EvalTaskSettings& task : tasks) add_task(task, e.model, *model, determining);
  if (!model->made_by) add_calibration(e, *model, determining);
  return {sha256(determining.dump()), sha256(of_calibration(determining).dump())};
}

CellCost CellRunner::cost(const Cell& cell) {
  const Experiment& e = cell.experiment;
  const auto model = source_model(e);
  std::vector<TaskCost> tasks;
  for (const EvalTaskSettings& task : all_task_settings(cell, project_))
    tasks.push_back(task_cost(project_.datasets(), task, model->decoder.config, model->tokenizer));
  return cell_cost(e, model->decoder.config, model->decoder.embedding.element_size(), calibration_tokens(e, *model),
                   tasks);
}

// Without images' features; of a data set's items, as many as the first has.
int64_t CellRunner::calibration_tokens(const Experiment& e, const LoadedModel& model) const {
  const CalibrationConfig& c = e.calibration;
  if (c.is_running_text() || e.method.name == "none" || model.made_by) return c.sequence_length;
  const auto parts = read_dataset(project_.datasets(), c.dataset, "calibration", 1);
  if (parts.empty() || parts.front().items.empty()) return c.sequence_length;
  const TaskItem& first = parts.front().items.front();
  return std::max<int64_t>(c.sequence_length, std::ssize(model.tokenizer.encode(first.input + first.answer)));
}

ResponseLog CellRunner::response_log(const Cell& cell, size_t task, const std::string& checkpoint_hash,
                                     const fs::path& progress_folder) const {
  nlohmann::json determining = without_places(determining_settings(cell.resolved));
  determining["task"] = task;
  determining["checkpoint_hash"] = checkpoint_hash;
  determining["source_version"] = source_version_;
  return {progress_folder, determining.dump()};
}

}  // namespace freeact
