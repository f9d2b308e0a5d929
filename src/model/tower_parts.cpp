#include "model/tower_parts.h"

namespace freeact {

nlohmann::json config_part(const nlohmann::json& config, const std::string& part) {
  const auto found = config.find(part);
  if (found == config.end() || found->is_null()) throw UserError("config.json lacks the key '{}'", part);
  if (!found->is_object()) refuse_config_value(part.c_str(), *found, "an object");
  nlohmann::json renamed = nlohmann::json::object();
  for (const auto& [key, value] : found->items()) renamed[fmt::format("{}.{}", part, key)] = value;
  return renamed;
}

int64_t config_size(const nlohmann::json& config, const char* key, int64_t limit) {
  const int64_t value = config_value<int64_t>(config, key);
  if (value < 1 || value > limit) refuse_config_value(key, config.at(key), fmt::format("from 1 to {}", limit).c_str());
  return value;
}

double config_epsilon(const nlohmann::json& config, const char* key) {
  const double value = config_value<double>(config, key);
  if (!(value >= 0 && value < 1)) refuse_config_value(key, config.at(key), "from 0 to below 1");
  return value;
}

void visit_linear(const TensorVisitor& fn, VisionLinear& layer, int64_t out, int64_t in, bool bias) {
  fn(layer.name + ".weight", {out, in}, layer.linear.weight);
  if (bias) fn(layer.name + ".bias", {out}, layer.linear.bias);
}

}  // namespace freeact
