#include "image/settings_reader.h"

#include <utility>

#include "util/error.h"

namespace freeact {

SettingsReader::SettingsReader(const nlohmann::json& object, std::string file, std::string prefix)
    : object_(object), file_(std::move(file)), prefix_(std::move(prefix)) {
  if (!object.is_object()) throw UserError("'{}': {}must be an object", file_, prefix_.empty() ? "" : prefix_ + " ");
}

void SettingsReader::refuse(const std::string& key, const std::string& wanted) const {
  throw UserError("'{}': the key '{}{}' must be {}", file_, prefix_, key, wanted);
}

const nlohmann::json* SettingsReader::find(const char* key) const {
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

int64_t SettingsReader::whole_number(const char* key, int64_t fallback, int64_t least, int64_t most) const {
  const nlohmann::json* value = find(key);
  if (!value) return fallback;
  const bool whole =
      value->is_number_unsigned() ? std::in_range<int64_t>(value->get<uint64_t>()) : value->is_number_integer();
  if (!whole || value->get<int64_t>() < least || value->get<int64_t>() > most)
    refuse(key, fmt::format("a whole number from {} to {}", least, most));
  return value->get<int64_t>();
}

double SettingsReader::number_in(const nlohmann::json& value, const std::string& key, double least, double most) const {
  if (!value.is_number() || !(value.get<double>() >= least && value.get<double>() <= most))
    refuse(key, fmt::format("a number from {} to {}", least, most));
  return value.get<double>();
}

double SettingsReader::number(const char* key, double fallback, double least, double most) const {
  const nlohmann::json* value = find(key);
  return value ? number_in(*value, key, least, most) : fallback;
}

bool SettingsReader::flag(const char* key, bool fallback) const {
  const nlohmann::json* value = find(key);
  if (value && !value->is_boolean()) refuse(key, "true or false");
  return value ? value->get<bool>() : fallback;
}

ChannelValues SettingsReader::channels(const char* key, const ChannelValues& fallback, double least,
                                       double most) const {
  const nlohmann::json* value = find(key);
  if (!value) return fallback;
  ChannelValues numbers;
  if (!value->is_array() || value->size() != numbers.size()) refuse(key, "a list of three numbers");
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = number_in((*value)[i], fmt::format("{}[{}]", key, i), least, most);
  return numbers;
}

SettingsReader SettingsReader::group(const char* key) const {
  static const nlohmann::json kEmpty = nlohmann::json::object();
  const nlohmann::json* value = find(key);
  if (value && !value->is_object()) refuse(key, "a group of keys");
  return {value ? *value : kEmpty, file_, prefix_ + key + "."};
}

}  // namespace freeact
