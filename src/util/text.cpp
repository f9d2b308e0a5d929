#include "util/text.h"

#include <algorithm>

#include "util/error.h"

namespace freeact {

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  for (size_t found; (found = text.find(from)) != text.npos; text.remove_prefix(found + from.size()))
    result.append(text.substr(0, found)).append(to);
  return result.append(text);
}

std::string cut_at_stops(std::string text, const std::vector<std::string>& stops) {
  for (const std::string& stop : stops) {
    if (stop.empty()) throw UserError("a stop string is empty; it would cut every text to nothing");
    text.resize(std::min(text.size(), text.find(stop)));
  }
  return text;
}

}  // namespace freeact
