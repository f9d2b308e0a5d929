#include "generation/generation_config.h"

#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

std::vector<int64_t> stop_ids(const nlohmann::json& value, const std::string& file) {
  std::vector<int64_t> ids;
  for (const auto& id : value.is_array() ? value : nlohmann::json::array({value})) {
    if (!id.is_number_unsigned()) throw UserError("{}: 'eos_token_id' must be a token or a list of them", file);
    ids.push_back(id.get<int64_t>());
  }
  return ids;
}

double repetition_penalty(const nlohmann::json& value, const std::string& file) {
  if (!value.is_number() || !(value.get<double>() > 0))
    throw UserError("{}: 'repetition_penalty' must be a number above 0", file);
  return value.get<double>();
}

}  // namespace

GenerationConfig read_generation_config(const std::filesystem::path& folder) {
  GenerationConfig config;
  const auto path = folder / "generation_config.json";
  if (!std::filesystem::exists(path)) return config;
  const nlohmann::json json = read_json(path);
  if (!json.is_object()) throw UserError("'{}' holds no object", path.string());
  const auto value = [&](const char* key) { return json.contains(key) ? json[key] : nlohmann::json(); };
  if (!value("eos_token_id").is_null()) config.stop_ids = stop_ids(value("eos_token_id"), path.string());
  if (!value("repetition_penalty").is_null())
    config.repetition_penalty = repetition_penalty(value("repetition_penalty"), path.string());
  return config;
}

}  // namespace freeact
