#include "task/task.h"

#include <algorithm>

#include "config/yaml.h"
#include "scoring/scorer.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "task.yaml";
constexpr const char* kVariants = "variants";

// "gsm8k/cot" -> "gsm8k", "cot".
std::pair<std::string, std::string> parts_of(const std::string& name) {
  const size_t slash = std::min(name.find('/'), name.size());
  return {name.substr(0, slash), name.substr(std::min(slash + 1, name.size()))};
}

std::vector<std::string> variants_of(const Tree& tree) {
  std::vector<std::string> names;
  if (const Json* variants = tree.find(kVariants); variants != nullptr && variants->is_object())
    for (const auto& [name, keys] : variants->items()) names.push_back(name);
  return names;
}

// The key's place in the variant where that has it.
UserError located_error(const FieldError& error, const Tree& tree, const std::string& variant) {
  const std::string group = join_path(kVariants, variant);
  const std::string root = error.key().substr(0, error.key().find_first_of(".["));
  const Json* own = variant.empty() ? nullptr : tree.find(group);
  const bool is_own = own != nullptr && own->is_object() && own->contains(root);
  return is_own ? located(join_path(group, error.key()), error.what(), tree.places) : located(error, tree.places);
}

void check_generation(const Json& generation) {
  if (!generation.is_object()) throw FieldError("generation", "key 'generation' must be a group of keys");
  for (const auto& [family, settings] : generation.items())
    if (!settings.is_object())
      throw FieldError("generation." + family, fmt::format("key 'generation.{}' must be a group of keys", family));
}

template <typename Fn>
void check_names(const std::string& key, const std::vector<std::string>& names, const Fn& find) {
  for (size_t i = 0; i < names.size(); ++i) try {
      find(names[i]);
    } catch (const UserError& error) {
      throw FieldError(fmt::format("{}[{}]", key, i), error.what());
    }
}

void check_task(const BenchmarkTask& task) {
  if (task.prompt.empty()) throw FieldError("prompt", "key 'prompt' is missing: the template of what is asked");
  if (task.documents.file.empty()) throw FieldError("documents", "key 'documents.file' is missing");
  if (task.scorers.empty()) throw FieldError("scorers", "key 'scorers' is missing: a task has at least one");
  if (task.shots.draw != "first" && task.shots.draw != "sampled")
    throw FieldError("shots.draw", unknown_name("way to draw examples", task.shots.draw, {"first", "sampled"}));
  if (task.shots.count < 0) throw FieldError("shots.count", "key 'shots.count' must be zero or more");
  check_generation(task.generation);
  check_names("scorers", task.scorers, find_scorer);
  check_names("poolings", task.poolings, find_pooling);
}

}  // namespace

BenchmarkTask read_benchmark_task(const fs::path& datasets, const std::string& name) {
  const auto [folder, variant] = parts_of(name);
  const fs::path file = datasets / folder / kFile;
  const bool is_folder = !folder.empty() && folder != "." && folder != "..";
  if (!is_folder || !fs::is_regular_file(file))
    throw UserError(unknown_name("benchmark task", name, list_benchmark_tasks(datasets)));
  const Tree tree = load_yaml(file);
  Json keys = tree.values;
  keys.erase(kVariants);
  if (folder != name) {
    const auto known = variants_of(tree);
    if (std::ranges::find(known, variant) == known.end())
      throw UserError(unknown_name("benchmark task", name, list_benchmark_tasks(datasets)));
    keys.merge_patch(tree.values.at(kVariants).at(variant));
  }
  try {
    auto task = read_fields<BenchmarkTask>(keys);
    check_task(task);
    task.name = name;
    return task;
  } catch (const FieldError& error) {
    throw located_error(error, tree, variant);
  }
}

std::vector<std::string> list_benchmark_tasks(const fs::path& datasets) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(datasets)) {
    if (!fs::is_regular_file(entry.path() / kFile)) continue;
    const std::string name = entry.path().filename();
    names.push_back(name);
    for (const auto& variant : variants_of(load_yaml(entry.path() / kFile))) names.push_back(name + "/" + variant);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace freeact
