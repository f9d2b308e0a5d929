// Checked access to parsed JSON: every fault is a UserError naming file and key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace freeact {

// A JSON value together with its place, "folder/tokenizer.json: model.vocab".
class JsonPlace {
 public:
  // Reads and parses the file.
  static JsonPlace read(const std::filesystem::path& path);

  const nlohmann::json& value() const { return *value_; }
  std::string where() const { return path_.empty() ? file_ : file_ + ": " + path_; }

  // Member of an object, which must exist. has() is false for a member that is absent or null.
  JsonPlace at(const std::string& key) const;
  bool has(const std::string& key) const;
  JsonPlace at(size_t index) const;

  std::string text() const;
  int64_t whole_number() const;
  const nlohmann::json& object() const;
  const nlohmann::json& array() const;
  std::string text_or(const std::string& key, const std::string& fallback) const;
  bool flag_or(const std::string& key, bool fallback) const;

  [[noreturn]] void refuse(const std::string& what) const;

 private:
  JsonPlace(std::shared_ptr<const nlohmann::json> value, std::string file, std::string path)
      : value_(std::move(value)), file_(std::move(file)), path_(std::move(path)) {}

  std::shared_ptr<const nlohmann::json> value_;  // shares ownership of the whole file
  std::string file_;
  std::string path_;  // "model.merges[3]"; empty for the whole file
};

}  // namespace freeact
