#include "config/composer.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "config/sweep_values.h"
#include "config/yaml.h"

namespace freeact {
namespace fs = std::filesystem;
namespace {

constexpr const char* kTaskGroup = "task";

// Names of the YAML files below a folder, relative to it and without extension, sorted.
std::vector<std::string> yaml_names(const fs::path& folder) {
  std::vector<std::string> names;
  if (!fs::is_directory(folder)) return names;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() == ".yaml")
      names.push_back(entry.path().lexically_relative(folder).replace_extension().generic_string());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> experiment_names(const fs::path& dir) {
  std::vector<std::string> names = yaml_names(dir);
  std::erase_if(names, [](const std::string& name) {
    const std::string folder = name.substr(0, name.find('/'));
    return name == "config" || (folder != name && (is_group(folder) || folder == kTaskGroup));
  });
  return names;
}

std::string in_front(const std::string& place) {
  return place.empty() ? "" : place + ": ";
}

void check_known(const std::string& kind, const std::string& name, const std::vector<std::string>& known,
                 const std::string& place) {
  if (std::find(known.begin(), known.end(), name) == known.end())
    throw UserError(unknown_name(kind, name, known, in_front(place)));
}

// A plain value for a key takes the place of an inherited sweep over that key; otherwise it would be silently ignored.
void drop_superseded_axes(Tree& tree, const Tree& own) {
  const auto sweep = tree.values.find("sweep");
  if (sweep == tree.values.end() || !sweep->is_object()) return;
  std::vector<std::string> superseded;
  for (const auto& axis : sweep->items())
    if (const Json* value = own.find(axis.key()); value != nullptr && !value->is_object())
      superseded.push_back(axis.key());
  for (const auto& key : superseded) sweep->erase(key);
}

void refuse_plain_groups(const Tree& own) {
  for (const auto& [key, value] : own.values.items())
    if (is_group(key) && !value.is_object())
      throw located(key,
                    fmt::format("key '{0}' must be a group of keys; to choose a file of {0}/, write '- {0}: {1}' in "
                                "'defaults'",
                                key, value.is_string() ? value.get<std::string>() : "NAME"),
                    own.places);
}

}  // namespace

Placement placement_of(const std::string& key) {
  const size_t at = key.find('@');
  if (at == std::string::npos) return {key, key};
  return {key.substr(0, at), key.substr(at + 1)};
}

bool is_group(const std::string& key) {
  return std::find(kGroups.begin(), kGroups.end(), placement_of(key).group) != kGroups.end();
}

std::vector<std::string> list_group(const fs::path& experiments_dir, const std::string& group) {
  return yaml_names(experiments_dir / group);
}

std::vector<ExperimentInfo> list_experiments(const fs::path& experiments_dir) {
  std::vector<ExperimentInfo> infos;
  for (const auto& name : experiment_names(experiments_dir)) {
    const Tree tree = load_yaml(experiments_dir / (name + ".yaml"));
    const Json* description = tree.find("description");
    infos.push_back({name, description && description->is_string() ? description->get<std::string>() : ""});
  }
  return infos;
}

Tree Composer::compose(const std::string& experiment) const {
  Tree tree;
  std::vector<std::string> chain;
  add_file(tree, dir_ / "config.yaml", chain);
  add_experiment(tree, experiment, "", chain);
  return tree;
}

void Composer::overlay(Tree& tree, const std::string& experiment, const std::string& place) const {
  std::vector<std::string> chain;
  add_experiment(tree, experiment, place, chain);
}

void Composer::choose(Tree& tree, const std::string& key, const Json& choice, const std::string& place) const {
  const auto [group, package] = placement_of(key);
  if (!choice.is_string())
    throw UserError("{}'{}' must be the name of a file in {}/, but is {}", in_front(place), key, group, choice.dump());
  if (package.empty()) throw UserError("{}'{}' names no place behind its '@'", in_front(place), key);
  const Tree chosen = load_choice(group, choice.get<std::string>(), place);
  tree.erase(package);
  tree.merge(package, chosen);
  if (const auto sweep = tree.values.find("sweep"); sweep != tree.values.end() && sweep->is_object()) sweep->erase(key);
}

std::vector<Json> Composer::values_of(const std::string& key, const std::vector<Json>& given,
                                      const std::string& place) const {
  if (given.size() != 1 || !given[0].is_string() || !is_sweep_function(given[0].get<std::string>())) return given;
  const std::string function = given[0].get<std::string>();
  if (function.starts_with("glob") && !is_group(key))
    throw UserError("{}'{}={}': glob() chooses among the files of a group: {}", in_front(place), key, function,
                    fmt::join(kGroups, ", "));
  return sweep_function_values(function, list_group(dir_, placement_of(key).group), place);
}

void Composer::resolve_tasks(Tree& tree) const {
  const Json* changes = tree.find(kTaskGroup);
  if (changes != nullptr && !changes->is_object())
    throw located(kTaskGroup, "key 'task' must be a group of keys; choose tasks with 'tasks=[NAME]'", tree.places);
  Tree shared;
  if (changes != nullptr) shared.values = *changes;
  for (const auto& [path, place] : tree.places.all())
    if (path.starts_with("task.")) shared.places.set(path.substr(5), place);

  const Json* listed = tree.find("tasks");
  const Json names = listed == nullptr ? Json::array() : listed->is_array() ? *listed : Json::array({*listed});
  tree.erase(kTaskGroup);
  tree.values["tasks"] = Json::array();
  for (size_t i = 0; i < names.size(); ++i) {
    const Json& name = names[i];
    const std::string place = tree.places.of(fmt::format("tasks[{}]", i));
    if (!name.is_string())
      throw UserError("{}key 'tasks' must be a list of task names, but holds {}", in_front(place), name.dump());
    Tree task = load_choice(kTaskGroup, name.get<std::string>(), place);
    task.merge("", shared);
    tree.append("tasks", task);
  }
}

void Composer::resolve_stream(Tree& tree) const {
  const Json* choice = tree.find("stream.shift_to");
  if (choice == nullptr || !choice->is_string()) return;  // a wrong type is found when the fields are read
  const Tree own = tree;
  Tree calibration, stream;
  calibration.merge("calibration",
                    load_choice("calibration", choice->get<std::string>(), tree.places.of("stream.shift_to")));
  stream.merge("stream", calibration);
  tree.merge("", stream);
  tree.merge("", own);
}

void Composer::refuse_lost_keys(const Tree& tree, const std::string& key) const {
  const auto [group, package] = placement_of(key);
  const std::string group_folder = (dir_ / group / "").string();
  for (const auto& [path, place] : tree.places.all())
    if (path.starts_with(package + ".") && !place.starts_with(group_folder))
      throw UserError(
          "{}: key '{}' would be lost, as 'sweep' replaces the whole group '{}'; write the sweep axis "
          "'{}: [VALUE]' instead",
          place, path, key, path);
}

void Composer::add_default(Tree& tree, const Json& entry, const std::string& place,
                           std::vector<std::string>& chain) const {
  if (entry.is_string()) return add_experiment(tree, entry.get<std::string>(), place, chain);
  if (!entry.is_object() || entry.size() != 1)
    throw UserError("{}an entry of 'defaults' must be an experiment's name or '- GROUP: CHOICE', but is {}",
                    in_front(place), entry.dump());
  const std::string key = entry.begin().key();
  check_known("group", placement_of(key).group, {kGroups.begin(), kGroups.end()}, place);
  choose(tree, key, entry.begin().value(), place);
}

void Composer::add_experiment(Tree& tree, const std::string& name, const std::string& place,
                              std::vector<std::string>& chain) const {
  check_known("experiment", name, experiment_names(dir_), place);
  const bool circular = std::find(chain.begin(), chain.end(), name) != chain.end();
  chain.push_back(name);
  if (circular)
    throw UserError("{}experiments inherit from each other in a circle: {}", in_front(place), fmt::join(chain, " -> "));
  add_file(tree, dir_ / (name + ".yaml"), chain);
  chain.pop_back();
}

void Composer::add_file(Tree& tree, const fs::path& file, std::vector<std::string>& chain) const {
  Tree own = load_yaml(file);
  if (const auto defaults = own.values.find("defaults"); defaults != own.values.end()) {
    if (!defaults->is_array()) throw located("defaults", "key 'defaults' must be a list", own.places);
    for (size_t i = 0; i < defaults->size(); ++i) {
      const Json& entry = (*defaults)[i];
      const std::string path = fmt::format("defaults[{}]", i);
      const std::string key = entry.is_object() && !entry.empty() ? entry.begin().key() : "";
      add_default(tree, entry, own.places.of(join_path(path, key)), chain);
    }
  }
  own.erase("defaults");
  refuse_plain_groups(own);
  drop_superseded_axes(tree, own);
  tree.merge("", own);
}

Tree Composer::load_choice(const std::string& group, const std::string& choice, const std::string& place) const {
  check_known(group, choice, list_group(dir_, group), place);
  return load_yaml(dir_ / group / (choice + ".yaml"));
}

}  // namespace freeact
