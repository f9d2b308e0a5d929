// What the vision towers share: reading their part of config.json, and declaring tensors.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "model/family.h"
#include "model/vision_tower.h"

namespace freeact {

// Far above every published tower, and small enough that sizes multiply without overflow and that the table of tensors
// stays small.
inline constexpr int64_t kMaxTowerWidth = (int64_t{1} << 31) - 1, kMaxTowerLayers = 10'000, kMaxPixelSide = 1 << 14;

// The object config[part] with its keys renamed to "part.key", so that the messages of config_value() name them whole.
nlohmann::json config_part(const nlohmann::json& config, const std::string& part);

// A whole number from 1 to limit.
int64_t config_size(const nlohmann::json& config, const char* key, int64_t limit = kMaxTowerWidth);

// An epsilon of a norm: from 0 to below 1.
double config_epsilon(const nlohmann::json& config, const char* key);

// Refuses any value but the one that is implemented.
template <typename T>
void config_must_be(const nlohmann::json& config, const char* key, const T& supported) {
  if (config_value<T>(config, key) != supported)
    refuse_config_value(key, config.at(key),
                        fmt::format("{}, nothing else is supported", nlohmann::json(supported).dump()).c_str());
}

// The linear's weight [out, in] and, unless it has none, its bias [out].
void visit_linear(const TensorVisitor& fn, VisionLinear& layer, int64_t out, int64_t in, bool bias = true);

}  // namespace freeact
