// Configuration structs declare each field once; reading, defaults, unknown-key errors, printing and help derive from
// it.
//
//   struct SmoothQuantConfig {
//     double alpha = 0.5;
//     template <typename Visitor> void fields(Visitor& visit) {
//       visit("alpha", alpha, "migration strength; 0 keeps all of the difficulty in the activations");
//     }
//   };
//
// A nested struct with its own fields() is a nested JSON object. Supported values: bool, integers, double, string,
// structs, vectors of those, and Json for a subtree that somebody else reads.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "util/error.h"
#include "util/suggest.h"

namespace freeact {

using Json = nlohmann::ordered_json;

// A wrong key or value. key() is its dotted path ("tasks[0].kind"), by which a caller that knows the files can add the
// place.
class FieldError : public UserError {
 public:
  FieldError(std::string key, const std::string& message) : UserError(message), key_(std::move(key)) {}
  const std::string& key() const { return key_; }

 private:
  std::string key_;
};

namespace fields_detail {

struct NoVisitor {
  template <typename T>
  void operator()(const char*, T&, const char*) {}
};

template <typename T>
concept Struct = requires(T value, NoVisitor visitor) {
  value.fields(visitor);
};

template <typename T>
void read_value(const Json& json, T& value, const std::string& key);

// Reads the fields of a struct from an object and collects the names it has, to refuse all others.
class Reader {
 public:
  Reader(const Json& object, std::string prefix) : object_(object), prefix_(std::move(prefix)) {}
  template <typename T>
  void operator()(const char* name, T& value, const char*) {
    known_.emplace_back(name);
    if (const auto found = object_.find(name); found != object_.end()) read_value(*found, value, prefix_ + name);
  }
  void refuse_unknown() const {
    for (const auto& item : object_.items())
      if (std::find(known_.begin(), known_.end(), item.key()) == known_.end())
        throw FieldError(prefix_ + item.key(), unknown_name("key", prefix_ + item.key(), prefixed()));
  }

 private:
  std::vector<std::string> prefixed() const {
    std::vector<std::string> names;
    for (const auto& name : known_) names.push_back(prefix_ + name);
    return names;
  }
  const Json& object_;
  const std::string prefix_;
  std::vector<std::string> known_;
};

template <typename T>
struct IsStructVector : std::false_type {};
template <Struct T>
struct IsStructVector<std::vector<T>> : std::true_type {};

class Writer {
 public:
  template <typename T>
  void operator()(const char* name, T& value, const char*) {
    json[name] = write_value(value);
  }
  template <typename T>
  static Json write_value(T& value) {
    if constexpr (Struct<T>) {
      Writer inner;
      value.fields(inner);
      return std::move(inner.json);
    } else if constexpr (IsStructVector<T>::value) {
      Json list = Json::array();
      for (auto& item : value) list.push_back(write_value(item));
      return list;
    } else {
      return Json(value);
    }
  }
  Json json = Json::object();
};

[[noreturn]] inline void wrong_type(const std::string& key, const char* wanted, const Json& got) {
  throw FieldError(key, fmt::format("key '{}' must be {}, but is {}", key, wanted, got.dump()));
}

template <typename T>
void read_value(const Json& json, T& value, const std::string& key) {
  if constexpr (Struct<T>) {
    if (!json.is_object()) wrong_type(key, "a group of keys", json);
    Reader reader(json, key + ".");
    value.fields(reader);
    reader.refuse_unknown();
  } else if constexpr (std::is_same_v<T, Json>) {
    value = json;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_boolean()) wrong_type(key, "true or false", json);
    value = json.get<bool>();
  } else if constexpr (std::is_integral_v<T>) {
    if (!json.is_number_integer()) wrong_type(key, "a whole number", json);
    if (std::is_unsigned_v<T> && !json.is_number_unsigned() && json.get<int64_t>() < 0)
      wrong_type(key, "zero or more", json);
    const bool fits =
        json.is_number_unsigned() ? std::in_range<T>(json.get<uint64_t>()) : std::in_range<T>(json.get<int64_t>());
    if (!fits) wrong_type(key, "a smaller number", json);
    value = json.get<T>();
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!json.is_number()) wrong_type(key, "a number", json);
    value = json.get<T>();
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!json.is_string()) wrong_type(key, "a text", json);
    value = json.get<std::string>();
  } else {  // a vector
    if (!json.is_array()) wrong_type(key, "a list", json);
    value.clear();
    for (size_t i = 0; i < json.size(); ++i) {
      typename T::value_type item{};
      read_value(json[i], item, key + "[" + std::to_string(i) + "]");
      value.push_back(std::move(item));
    }
  }
}

}  // namespace fields_detail

// Fills a struct from an object; keys that are absent keep their defaults. prefix names the object in error messages
// ("method." or "" for the root). Throws UserError on an unknown key or a value of the wrong type.
template <typename T>
T read_fields(const Json& object, const std::string& prefix = "") {
  if (!object.is_object()) fields_detail::wrong_type(prefix, "a group of keys", object);
  T value;
  fields_detail::Reader reader(object, prefix);
  value.fields(reader);
  reader.refuse_unknown();
  return value;
}

// All fields with their present values, in declaration order.
template <typename T>
Json write_fields(T value) {
  return fields_detail::Writer::write_value(value);
}

}  // namespace freeact
