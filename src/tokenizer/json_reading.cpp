#include "tokenizer/json_reading.h"

#include <utility>

#include "util/error.h"
#include "util/files.h"

namespace freeact {

JsonPlace JsonPlace::read(const std::filesystem::path& path) {
  return {std::make_shared<const nlohmann::json>(read_json(path)), path.string(), ""};
}

JsonPlace JsonPlace::at(const std::string& key) const {
  const auto found = object().find(key);
  if (found == value_->end()) refuse("has no key '" + key + "'");
  return {{value_, &*found}, file_, path_.empty() ? key : path_ + "." + key};
}

bool JsonPlace::has(const std::string& key) const {
  const auto found = object().find(key);
  return found != value_->end() && !found->is_null();
}

JsonPlace JsonPlace::at(size_t index) const {
  if (index >= array().size()) refuse("is too short");
  return {{value_, &(*value_)[index]}, file_, path_ + "[" + std::to_string(index) + "]"};
}

std::string JsonPlace::text() const {
  if (!value_->is_string()) refuse("must be a text");
  return value_->get<std::string>();
}

int64_t JsonPlace::whole_number() const {
  const bool fits =
      value_->is_number_unsigned() ? std::in_range<int64_t>(value_->get<uint64_t>()) : value_->is_number_integer();
  if (!fits) refuse("must be a whole number of 64 bits");
  return value_->get<int64_t>();
}

const nlohmann::json& JsonPlace::object() const {
  if (!value_->is_object()) refuse("must be an object");
  return *value_;
}

const nlohmann::json& JsonPlace::array() const {
  if (!value_->is_array()) refuse("must be a list");
  return *value_;
}

std::string JsonPlace::text_or(const std::string& key, const std::string& fallback) const {
  return has(key) ? at(key).text() : fallback;
}

bool JsonPlace::flag_or(const std::string& key, bool fallback) const {
  if (!has(key)) return fallback;
  if (!at(key).value().is_boolean()) at(key).refuse("must be true or false");
  return at(key).value().get<bool>();
}

void JsonPlace::refuse(const std::string& what) const {
  throw UserError("{} {}", where(), what);
}

}  // namespace freeact
