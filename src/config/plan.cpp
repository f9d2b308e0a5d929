#include "config/plan.h"

#include <algorithm>
#include <set>

#include "config/composer.h"
#include "config/interpolation.h"
#include "config/overrides.h"
#include "config/sweep_values.h"
#include "util/hash.h"
#include "util/suggest.h"

namespace freeact {
namespace {

constexpr const char* kOverlay = "experiment";
constexpr size_t kMostCells = 10'000;

// Takes the experiment's own sweep out of the tree.
std::vector<Axis> take_sweep(const Composer& composer, Tree& tree) {
  std::vector<Axis> axes;
  if (const Json* sweep = tree.find("sweep"); sweep != nullptr && !sweep->is_null()) {
    if (!sweep->is_object())
      throw located("sweep", "key 'sweep' must be a group of axes, 'KEY: [VALUE, VALUE]'", tree.places);
    for (const auto& [key, values] : sweep->items()) {
      const std::string path = join_path("sweep", key);
      const bool function = values.is_string() && is_sweep_function(values.get<std::string>());
      if (!function && (!values.is_array() || values.empty()))
        throw located(path,
                      fmt::format("sweep axis '{}' must be a list of values, range(...) or glob(...), but is {}", key,
                                  values.dump()),
                      tree.places);
      const std::string place = tree.places.of(path);
      const auto given = function ? std::vector<Json>{values} : std::vector<Json>(values.begin(), values.end());
      axes.push_back({key, composer.values_of(key, given, place), place});
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

// "experiment=NAME" and "experiment=[NAME, NAME]": merged over the experiment, one after the other.
void overlay(const Composer& composer, Tree& tree, const Override& given) {
  const auto& [key, values, place] = given.axis;
  if (given.change == Change::kDrop || values.size() != 1)
    throw UserError("{}: experiments laid over another one are no sweep; write '{}=[NAME, NAME]'", place, key);
  const Json names = values[0].is_array() ? values[0] : Json::array({values[0]});
  for (const Json& name : names) {
    if (!name.is_string()) throw UserError("{}: '{}' must be an experiment's name, but is {}", place, key, name.dump());
    composer.overlay(tree, name.get<std::string>(), place);
  }
}

std::vector<std::string> keys_of(const Tree& tree, const std::vector<Axis>& axes) {
  std::set<std::string> keys;
  for (const auto& [path, place] : tree.places.all())
    for (size_t end = path.find_first_of(".[");; end = path.find_first_of(".[", end + 1)) {
      keys.insert(path.substr(0, end));
      if (end == std::string::npos) break;
    }
  for (const Axis& axis : axes) keys.insert(axis.key);
  return {keys.begin(), keys.end()};
}

// What "~KEY" says.
void drop(Tree& tree, std::vector<Axis>& axes, const Axis& given) {
  const bool swept = std::erase_if(axes, [&](const Axis& axis) { return axis.key == given.key; }) > 0;
  const Json* value = tree.find(given.key);
  if (value == nullptr && !swept)
    throw UserError(unknown_name("key to drop", given.key, keys_of(tree, axes), given.place + ": "));
  if (!given.values.empty() && (value == nullptr || *value != given.values.front()))
    throw UserError("{}: '{}' is not {}, but {}: nothing is dropped", given.place, given.key,
                    given.values.front().dump(), value == nullptr ? "swept" : value->dump());
  tree.erase(given.key);
}

// "+KEY=VALUE" is for what nothing has said yet.
void refuse_known(const Tree& tree, const std::vector<Axis>& axes, const Axis& given) {
  const bool swept = std::ranges::any_of(axes, [&](const Axis& axis) { return axis.key == given.key; });
  if (!swept && tree.find(given.key) == nullptr) return;
  const std::string place = tree.places.of(given.key);
  throw UserError("{}: '+{}' adds a key, but it is set{}; write {}=VALUE to change it", given.place, given.key,
                  place.empty() ? "" : " in " + place, given.key);
}

// The axes of the experiment's own sweep and of the changes; what these drop goes from the tree.
std::vector<Axis> changed_axes(const Composer& composer, Tree& base, std::vector<Override> changes, bool multirun) {
  std::vector<Axis> axes = take_sweep(composer, base);
  for (const auto& axis : axes)
    if (is_group(axis.key)) composer.refuse_lost_keys(base, axis.key);
  for (Override& given : changes) {
    if (given.axis.key == kOverlay) continue;
    if (given.change == Change::kAdd) refuse_known(base, axes, given.axis);
    if (given.change == Change::kDrop) {
      drop(base, axes, given.axis);
    } else {
      given.axis.values = composer.values_of(given.axis.key, given.axis.values, given.axis.place);
      add_override(axes, given.axis, multirun);
    }
  }
  return axes;
}

// All combinations as one index per axis, the last axis fastest.
std::vector<std::vector<size_t>> combinations(const std::vector<Axis>& axes) {
  std::vector<std::vector<size_t>> all(1);
  for (const auto& axis : axes) {
    if (all.size() * axis.values.size() > kMostCells)
      throw UserError("{}: with '{}' the sweep has over {} cells: run it in parts", axis.place, axis.key, kMostCells);
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
                                  const std::vector<std::string>& arguments, bool multirun) {
  const Composer composer(experiments_dir);
  std::vector<Override> changes = parse_overrides(arguments);
  Tree base = composer.compose(experiment);
  for (const Override& given : changes)
    if (given.axis.key == kOverlay) overlay(composer, base, given);
  if (!base.values.contains("name")) base.values["name"] = experiment;
  base.erase("description");
  const std::vector<Axis> axes = changed_axes(composer, base, std::move(changes), multirun);

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
