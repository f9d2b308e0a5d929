#include "config/interpolation.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>

#include "config/yaml.h"
#include "util/cache.h"

namespace freeact {
namespace {

void collect_keys(const Json& values, const std::string& group, std::vector<std::string>& keys) {
  for (const auto& item : values.items()) {
    const std::string path = join_path(group, item.key());
    if (item.value().is_object())
      collect_keys(item.value(), path, keys);
    else
      keys.push_back(path);
  }
}

constexpr size_t kMaxReferences = 32;       // that lead over each other
constexpr size_t kMaxCharacters = 1 << 22;  // that references make: keys that repeat others repeatedly grow fast

class Interpolator {
 public:
  explicit Interpolator(const Tree& tree) : tree_(tree) {}

  Json resolve(const Json& value, const std::string& path) {
    spend(1, path);
    if (value.is_string()) return resolve_text(value.get_ref<const std::string&>(), path);
    Json resolved = value;
    if (value.is_object())
      for (const auto& item : value.items()) resolved[item.key()] = resolve(item.value(), join_path(path, item.key()));
    if (value.is_array())
      for (size_t i = 0; i < value.size(); ++i) resolved[i] = resolve(value[i], fmt::format("{}[{}]", path, i));
    return resolved;
  }

 private:
  Json resolve_text(const std::string& text, const std::string& path) {
    std::string result;
    for (size_t done = 0;;) {
      const size_t open = text.find("${", done);
      result += text.substr(done, open - done);
      spend(result.size(), path);
      if (open == std::string::npos) return result;
      const size_t close = text.find('}', open);
      if (close == std::string::npos)
        throw located(path, fmt::format("'{}' lacks a closing brace", text), tree_.places);
      Json value = lookup(text.substr(open + 2, close - open - 2), path);
      if (open == 0 && close + 1 == text.size()) return value;
      if (value.is_structured())
        throw located(path, fmt::format("'{}' puts a group or list into a text", text), tree_.places);
      result += value.is_string() ? value.get<std::string>() : value.dump();
      done = close + 1;
    }
  }

  Json lookup(const std::string& name, const std::string& path) {
    if (name.starts_with("env:")) return environment(name.substr(4), path);
    if (name.starts_with("cache:")) return (cache_folder() / name.substr(6)).string();
    if (name.starts_with("data:")) return data_folder(name.substr(5)).string();
    const Json* value = name.empty() ? nullptr : tree_.find(name);
    if (value == nullptr) {
      std::vector<std::string> keys;
      collect_keys(tree_.values, "", keys);
      throw located(path, unknown_name("key", name, keys, fmt::format("in key '{}': ", path)), tree_.places);
    }
    const bool circular = std::find(open_.begin(), open_.end(), name) != open_.end();
    open_.push_back(name);
    if (open_.size() > kMaxReferences)
      throw located(path, fmt::format("over {} keys refer to each other in a chain", kMaxReferences), tree_.places);
    if (circular)
      throw located(path, fmt::format("keys refer to each other in a circle: {}", fmt::join(open_, " -> ")),
                    tree_.places);
    Json resolved = resolve(*value, name);
    open_.pop_back();
    return resolved;
  }

  Json environment(const std::string& name, const std::string& path) const {
    const char* value = std::getenv(name.c_str());
    if (value != nullptr && is_utf8(value)) return value;
    const std::string fault =
        fmt::format("key '{}' needs the environment variable {}: set it to a text in UTF-8", path, name);
    throw MissingVariable(located(path, fault, tree_.places).what());
  }

  void spend(size_t characters, const std::string& path) {
    spent_ += characters;
    if (spent_ > kMaxCharacters)
      throw located(path, "the keys that it refers to repeat others too often: they make megabytes of text",
                    tree_.places);
  }

  const Tree& tree_;
  size_t spent_ = 0;
  std::vector<std::string> open_;  // references being resolved, outermost first
};

}  // namespace

void interpolate(Tree& tree) {
  tree.values = Interpolator(tree).resolve(tree.values, "");
}

}  // namespace freeact
