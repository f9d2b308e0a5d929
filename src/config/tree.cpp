#include "config/tree.h"

#include <algorithm>
#include <tuple>

namespace freeact {
namespace {

void merge_values(Json& target, const Json& source) {
  if (!target.is_object() || !source.is_object()) {
    target = source;
    return;
  }
  for (const auto& item : source.items()) merge_values(target[item.key()], item.value());
}

// Splits "a.b.c" into "a" and "b.c".
std::pair<std::string, std::string_view> split_first(std::string_view path) {
  const size_t dot = path.find('.');
  if (dot == std::string_view::npos) return {std::string(path), {}};
  return {std::string(path.substr(0, dot)), path.substr(dot + 1)};
}

// Deeper ones would overflow the stack of whoever copies or prints them.
void refuse_deep(std::string_view path, const std::string& place) {
  constexpr int64_t kMostGroups = 32;
  if (std::ranges::count(path, '.') >= kMostGroups)
    throw UserError("{}'{}...' leads through over {} groups", place.empty() ? "" : place + ": ", path.substr(0, 60),
                    kMostGroups);
}

bool is_below(std::string_view path, std::string_view group) {
  return path.starts_with(group) &&
         (path.size() == group.size() || path[group.size()] == '.' || path[group.size()] == '[');
}

}  // namespace

std::string Places::of(std::string path) const {
  while (true) {
    if (const auto found = places_.find(path); found != places_.end()) return found->second;
    const size_t end = path.find_last_of(".[");
    if (end == std::string::npos) return "";
    path.resize(end);
  }
}

void Places::erase_below(const std::string& path) {
  std::erase_if(places_, [&](const auto& entry) { return is_below(entry.first, path); });
}

UserError located(const std::string& path, const std::string& message, const Places& places) {
  const std::string place = places.of(path);
  return UserError(place.empty() ? message : place + ": " + message);
}

UserError located(const FieldError& error, const Places& places) {
  return located(error.key(), error.what(), places);
}

std::string join_path(std::string_view group, std::string_view key) {
  if (group.empty() || key.empty()) return std::string(group) + std::string(key);
  return fmt::format("{}.{}", group, key);
}

const Json* Tree::find(std::string_view path) const {
  const Json* value = &values;
  while (!path.empty()) {
    const auto [key, rest] = split_first(path);
    if (!value->is_object() || !value->contains(key)) return nullptr;
    value = &value->at(key);
    path = rest;
  }
  return value;
}

void Tree::merge(const std::string& group, const Tree& other) {
  refuse_deep(group, "");
  Json* target = &values;
  for (std::string_view rest = group; !rest.empty();) {
    const auto [key, remaining] = split_first(rest);
    if (!target->is_object() && !target->is_null())
      throw located(group, fmt::format("cannot set '{}': it lies in what is no group of keys", group), places);
    target = &(*target)[key];
    rest = remaining;
  }
  merge_values(*target, other.values);
  take_places(group.empty() ? "" : group + ".", other.places);
}

void Tree::erase(const std::string& path) {
  places.erase_below(path);
  Json* holder = &values;
  auto [key, rest] = split_first(path);
  for (; !rest.empty(); std::tie(key, rest) = split_first(rest)) {
    if (!holder->is_object() || !holder->contains(key)) return;
    holder = &holder->at(key);
  }
  if (holder->is_object()) holder->erase(key);
}

void Tree::set(const std::string& path, Json value, const std::string& place) {
  refuse_deep(path, place);
  Json* target = &values;
  for (std::string_view rest = path; !rest.empty();) {
    if (!target->is_object())
      throw UserError("{}: cannot set '{}': '{}' is no group of keys", place, path,
                      path.substr(0, path.size() - rest.size() - 1));
    const auto [key, remaining] = split_first(rest);
    target = &(*target)[key];
    if (!remaining.empty() && target->is_null()) *target = Json::object();
    rest = remaining;
  }
  *target = std::move(value);
  places.erase_below(path);
  places.set(path, place);
}

void Tree::append(const std::string& key, const Tree& item) {
  Json& list = values[key];
  if (!list.is_array()) list = Json::array();
  take_places(fmt::format("{}[{}].", key, list.size()), item.places);
  list.push_back(item.values);
}

void Tree::take_places(const std::string& prefix, const Places& other) {
  for (const auto& [path, place] : other.all()) places.set(prefix + path, place);
}

}  // namespace freeact
