// Reading the few keys of a published configuration that concern images; all others are ignored.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "image/normalise.h"

namespace freeact {

// An object of a JSON file. A key that is absent or null keeps the fallback; a wrong type or a value out of range is a
// UserError that names file and key.
class SettingsReader {
 public:
  // where: the file, and the path of the object in it ("vision_config.") if it is not the whole.
  SettingsReader(const nlohmann::json& object, std::string file, std::string prefix = "");

  int64_t whole_number(const char* key, int64_t fallback, int64_t least, int64_t most) const;
  double number(const char* key, double fallback, double least, double most) const;
  bool flag(const char* key, bool fallback) const;
  // Three numbers, one a channel.
  ChannelValues channels(const char* key, const ChannelValues& fallback, double least, double most) const;
  // A group of keys, empty where absent.
  SettingsReader group(const char* key) const;

  [[noreturn]] void refuse(const std::string& key, const std::string& wanted) const;

 private:
  const nlohmann::json* find(const char* key) const;
  double number_in(const nlohmann::json& value, const std::string& key, double least, double most) const;

  const nlohmann::json& object_;
  std::string file_, prefix_;
};

}  // namespace freeact
