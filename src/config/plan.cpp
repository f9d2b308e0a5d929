#include "config/plan.h"

#include <algorithm>
#include <set>

#include "config/composer.h"
#include "config/interpolation.h"
#include "config/overrides.h"
#include "util/hash.h"

namespace freeact {
namespace {

// Takes the experiment's own sweep out of the tree.
std::vector<Axis> take_sweep(Tree& tree) {
  std::vector<Axis> axes;
  if (const Json* sweep = tree.find("sweep"); sweep != nullptr && !sweep->is_null()) {
    if (!sweep->is_object())
      throw located("sweep", "key 'sweep' must be a group of axes, 'KEY: [VALUE, VALUE]'", tree.places);
    for (const auto& [key, values] : sweep->items()) {
      const std::string path = join_path("sweep", key);
      if (!values.is_array() || values.empty())
        throw located(path, fmt::format("sweep axis '{}' must be a list of values, but is {}", key, values.dump()),
                      tree.places);
      axes.push_back({key, {values.begin(), values.end()}, tree.places.of(path)});
    }
  }
  tree.erase("sweep");
  return axes;
}

void add_override(std::vector<Axis>& axes, const Axis& given, bool multirun) {
  const auto swept = std::find_if(axes.begin(), axes.end(), [&](const Axis& axis) { return axis.key == given.key; });
  if (given.values.size() > 1 && !multirun && swept == axes.end())
    throw UserError("{}: '{}' has {} values: add --multirun to run each of them", given.place, given.key,
                    given.values.size());
  if (swept == axes.end())
    axes.push_back(given);
  else
    *swept = given;
}

// All combinations as one index per axis, the last axis fastest.
std::vector<std::vector<size_t>> combinations(const std::vector<Axis>& axes) {
  std::vector<std::vector<size_t>> all(1);
  for (const auto& axis : axes) {
    std::vector<std::vector<size_t>> longer;
    for (const auto& start : all)
      for (size_t i = 0; i < axis.values.size(); ++i) {
        longer.push_back(start);
        longer.back().push_back(i);
      }
    all = std::move(longer);
  }
  return all;
}

// A group is replaced as a whole, so it comes before the keys in it, whatever the order they were given in.
Tree apply(const Composer& composer, Tree tree, const std::vector<Axis>& axes, const std::vector<size_t>& chosen) {
  for (const bool groups : {true, false})
    for (size_t i = 0; i < axes.size(); ++i) {
      const auto& [key, values, place] = axes[i];
      if (is_group(key) != groups) continue;
      if (groups)
        composer.choose(tree, key, values[chosen[i]], place);
      else
        tree.set(key, values[chosen[i]], place);
    }
  return tree;
}

Cell make_cell(const Composer& composer, Tree tree) {
  composer.resolve_tasks(tree);
  composer.resolve_stream(tree);
  interpolate(tree);
  Cell cell;
  cell.experiment = read_experiment(tree);
  cell.resolved = resolved_values(cell.experiment);
  cell.hash = sha256(determining_settings(cell.resolved).dump());
  cell.places = std::move(tree.places);
  return cell;
}

}  // namespace

nlohmann::json determining_settings(const Json& resolved) {
  nlohmann::json canonical = nlohmann::json::parse(resolved.dump());  // sorts the keys
  canonical.erase("name");
  canonical.erase("launcher");
  return canonical;
}

std::vector<Cell> plan_experiment(const std::filesystem::path& experiments_dir, const std::string& experiment,
                                  const std::vector<std::string>& overrides, bool multirun) {
  const Composer composer(experiments_dir);
  Tree base = composer.compose(experiment);
  if (!base.values.contains("name")) base.values["name"] = experiment;
  base.erase("description");
  std::vector<Axis> axes = take_sweep(base);
  for (const auto& axis : axes)
    if (is_group(axis.key)) composer.refuse_lost_keys(base, axis.key);
  for (const auto& given : parse_overrides(overrides)) add_override(axes, given, multirun);

  std::vector<Cell> cells;
  std::set<std::string> hashes;
  for (const auto& chosen : combinations(axes)) {
    Cell cell = make_cell(composer, apply(composer, base, axes, chosen));
    for (size_t i = 0; i < axes.size(); ++i) {
      const auto& [key, values, place] = axes[i];
      const Json& value = values[chosen[i]];
      if (values.size() > 1 || is_group(key))
        cell.choices.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
    }
    if (hashes.insert(cell.hash).second) cells.push_back(std::move(cell));
  }
  return cells;
}

}  // namespace freeact
