// The lists of what can be imported: datasets/external.yaml and the manifests of benchmark tasks.
#include <algorithm>

#include "config/yaml.h"
#include "run/external.h"
#include "util/suggest.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSection = "imported";

void add(const std::string& name, const Json& values, const std::string& prefix, std::vector<External>& externals) {
  externals.push_back(read_fields<External>(values, prefix));
  externals.back().name = name;
}

void add_list(const fs::path& file, std::vector<External>& externals) {
  const Tree tree = load_yaml(file);
  try {
    for (const auto& [name, values] : tree.values.items()) add(name, values, name + ".", externals);
  } catch (const FieldError& error) {
    throw located(error, tree.places);
  }
}

// The data of a benchmark; `about` is the benchmark's where the section has none.
void add_manifest(const fs::path& file, std::vector<External>& externals) {
  const Tree tree = load_yaml(file);
  const Json* section = tree.find(kSection);
  if (section == nullptr) return;
  try {
    add(file.parent_path().filename(), *section, std::string(kSection) + ".", externals);
  } catch (const FieldError& error) {
    throw located(error, tree.places);
  }
  if (const Json* about = tree.find("about"); externals.back().about.empty() && about != nullptr && about->is_string())
    externals.back().about = about->get<std::string>();
}

std::vector<fs::path> manifests(const fs::path& datasets) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(datasets))
    if (fs::exists(entry.path() / "manifest.yaml")) files.push_back(entry.path() / "manifest.yaml");
  std::ranges::sort(files);
  return files;
}

}  // namespace

std::vector<External> list_externals(const Project& project) {
  std::vector<External> externals;
  add_list(project.datasets() / "external.yaml", externals);
  for (const auto& file : manifests(project.datasets())) {
    const size_t count = externals.size();
    add_manifest(file, externals);
    for (size_t i = 0; i < count && count < externals.size(); ++i)
      if (externals[i].name == externals.back().name)
        throw UserError("{}: external.yaml lists '{}' too", file.string(), externals[i].name);
  }
  return externals;
}

const External& find_external(const std::vector<External>& externals, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& external : externals) {
    if (external.name == name) return external;
    names.push_back(external.name);
  }
  throw UserError(unknown_name("model or data set to import", name, names));
}

}  // namespace freeact
