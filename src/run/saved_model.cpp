#include "run/saved_model.h"

#include "config/overrides.h"
#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json token_types_of(const ModelConfig& model) {
  json types = {{"token_types", model.token_types}};
  if (model.token_types == "early_late_mask") types["late_mask_share"] = model.late_mask_share;
  return types;
}

// Ordered objects, as settings are, of plain ones.
Json ordered(const json& value) {
  return Json::parse(value.dump());
}

// "quarot W4A4"
std::string label_of(const std::string& method, const QuantConfig& quant) {
  return method + " " + quant.label();
}
QuantConfig quant_of(const json& settings) {
  return read_fields<QuantConfig>(ordered(settings.at("quant")), "quant.");
}

// Files are told by their names: they may lie elsewhere on another machine.
json without_folders(json calibration) {
  for (const char* key : {"dataset", "text"})
    if (const auto found = calibration.find(key); found != calibration.end() && found->is_string())
      *found = fs::path(found->get<std::string>()).filename().string();
  return calibration;
}

// What both sides are compared by, and the first key in which they differ.
json compared(const json& method, const json& quant, const json& calibration, const json& model) {
  return json{{"method", method}, {"quant", quant}, {"calibration", without_folders(calibration)}, {"model", model}}
      .flatten();
}
std::string first_difference(const json& wanted, const json& saved) {
  for (const auto* side : {&wanted, &saved})
    for (const auto& [key, value] : side->items())
      if (wanted.value(key, json()) != saved.value(key, json())) return key;
  return "";
}

// "/quant/w_bits" -> "quant.w_bits"
std::string dotted(std::string pointer) {
  pointer.erase(0, 1);
  std::replace(pointer.begin(), pointer.end(), '/', '.');
  return pointer;
}

// "quant.w_bits" -> "/quant/w_bits"
std::string pointer(std::string path) {
  std::replace(path.begin(), path.end(), '.', '/');
  return "/" + path;
}

json compared(const Cell& cell) {
  const json wanted = json::parse(cell.resolved.dump());
  return compared(wanted.at("method"), wanted.at("quant"), wanted.at("calibration"),
                  token_types_of(cell.experiment.model));
}
json compared(const json& saved) {
  const auto part = [&](const char* name) { return saved.value(name, json::object()); };
  return compared(part("method"), part("quant"), part("calibration"), part("model"));
}

// What the command line asks for key by key is meant; the groups of an experiment are there for its other methods.
void refuse_overrides(const Cell& cell, const json& saved) {
  const json wanted = compared(cell), held = compared(saved);
  for (const auto& [path, place] : cell.places.all()) {
    if (place != kCommandLine || !(path.starts_with("quant.") || path.starts_with("calibration."))) continue;
    const json asked = wanted.value(pointer(path), json()), is = held.value(pointer(path), json());
    if (asked != is)
      throw located(path,
                    fmt::format("key '{}' asks for {}, but the model in '{}' was saved with {}: leave it out, or "
                                "quantise anew",
                                path, asked.dump(), cell.experiment.model.path, is.dump()),
                    cell.places);
  }
}

void take_settings(Cell& cell, const SavedDescription& saved) {
  Experiment& e = cell.experiment;
  const json& by = saved.made_by;
  const auto take = [&](const char* group) { return cell.resolved[group] = ordered(by.at(group)); };
  e.method = {by.at("method").at("name").get<std::string>(), take("method")};
  e.method.settings.erase("name");
  e.quant = read_fields<QuantConfig>(take("quant"), "quant.");
  e.calibration = read_fields<CalibrationConfig>(take("calibration"), "calibration.");
  e.model.dtype = saved.format.dtype;
  e.model.token_types = by.at("model").at("token_types").get<std::string>();
  e.model.late_mask_share = by.at("model").value("late_mask_share", e.model.late_mask_share);
  for (const auto& [key, value] : by.at("model").items())
    if (value != "family") cell.resolved["model"][key] = value;
  cell.resolved["model"]["dtype"] = e.model.dtype;
  std::erase_if(cell.choices, [](const auto& choice) { return choice.first == "method" || choice.first == "quant"; });
}

}  // namespace

json made_by(const Cell& cell, const std::string& checkpoint_hash, const std::string& suite_version) {
  return {{"suite_version", suite_version},
          {"checkpoint_sha256", checkpoint_hash},
          {"model_name", cell.experiment.model.name},
          {"model", token_types_of(cell.experiment.model)},
          {"method", cell.resolved.at("method")},
          {"quant", cell.resolved.at("quant")},
          {"calibration", cell.resolved.at("calibration")},
          {"seed", cell.experiment.seed}};
}

SavedFormat saved_format(const Experiment& e) {
  const QuantConfig& q = e.quant;
  return {.weight = {q.w_bits, q.w_symmetric, q.w_group_size},
          .activation = {q.a_bits, q.a_symmetric, q.a_group_size},
          .kv = {q.kv_bits, q.a_symmetric},
          .vision_weight = {q.vision_w_bits, q.w_symmetric},
          .vision_activation = {q.vision_a_bits, q.a_symmetric},
          .embedding_bits = q.embedding_bits,
          .dtype = kQuantisedDtype};
}

Cell with_saved_settings(Cell cell, const Project& project) {
  const fs::path folder = project.resolve(cell.experiment.model.path);
  const bool wants_saved = cell.experiment.method.name == kSavedMethod;
  if (!is_saved_model(folder)) {
    if (wants_saved)
      throw located("model.path",
                    fmt::format("method 'saved' runs what 'freeact quantize' saved, but '{}' holds no such model: "
                                "write model.path=DIR",
                                folder.string()),
                    cell.places);
    return cell;
  }
  if (wants_saved && !cell.experiment.method.settings.empty())
    throw located("method", "method 'saved' has no settings: they are those of the saved model", cell.places);
  const SavedDescription saved = read_description(read_json(folder / "config.json"), folder.string());
  if (wants_saved) refuse_overrides(cell, saved.made_by);
  try {
    if (wants_saved) take_settings(cell, saved);
    Json& shown = cell.resolved["model"]["saved"];
    for (const char* key : {"suite_version", "checkpoint_sha256", "seed"}) shown[key] = ordered(saved.made_by.at(key));
  } catch (const std::exception& error) {
    throw UserError("saved model '{}', 'made_by' of its config.json: {}", folder.string(), error.what());
  }
  return cell;
}

void check_saved(const Cell& cell, const json& saved) {
  const json left = compared(cell), right = compared(saved);
  const std::string key = first_difference(left, right);
  if (key.empty()) return;
  throw UserError(
      "'{}' holds the model '{}', but the experiment asks for '{}' (key '{}' is {}, saved {}): write "
      "method=saved to run what is saved",
      cell.experiment.model.path, label_of(saved.at("method").value("name", "?"), quant_of(saved)),
      label_of(cell.experiment.method.name, cell.experiment.quant), dotted(key), left.value(key, json()).dump(),
      right.value(key, json()).dump());
}

}  // namespace freeact
