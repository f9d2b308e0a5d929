// The composed configuration: values, and for each of them the place it was written at, for error messages.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "util/fields.h"

namespace freeact {

// The place ("experiments/quickstart.yaml:3", "command line") of each key, by its path. A path joins keys with dots and
// gives list entries as "[i]": "tasks[0].kind".
class Places {
 public:
  void set(const std::string& path, std::string place) { places_[path] = std::move(place); }
  // The place of the path or of the nearest group that holds it; "" when neither was written anywhere (a default).
  std::string of(std::string path) const;
  const std::map<std::string, std::string>& all() const { return places_; }
  void erase_below(const std::string& path);

 private:
  std::map<std::string, std::string> places_;
};

// The same error with the place of its key in front.
UserError located(const FieldError& error, const Places& places);

// The error of a message about a path.
UserError located(const std::string& path, const std::string& message, const Places& places);

// "a" and "b" -> "a.b"; either may be empty.
std::string join_path(std::string_view group, std::string_view key);

class Tree {
 public:
  Json values = Json::object();
  Places places;

  // The value at a dotted path of groups ("model.path"), or null.
  const Json* find(std::string_view path) const;

  // Group by group: what the other has wins, what it lacks stays; a list is replaced as a whole. group is a dotted path
  // whose missing groups are made; "" is the root.
  void merge(const std::string& group, const Tree& other);

  // Forgets what stands at a dotted path, places included.
  void erase(const std::string& path);

  // Sets a value at a dotted path and makes missing groups. Throws UserError where the path leads through a plain
  // value.
  void set(const std::string& path, Json value, const std::string& place);

  // Adds an object to the list of the root named key, which is made when missing.
  void append(const std::string& key, const Tree& item);

 private:
  void take_places(const std::string& prefix, const Places& other);
};

}  // namespace freeact
