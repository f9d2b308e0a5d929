#include "report/config_lines.h"

#include <algorithm>
#include <sstream>
#include <utility>

namespace freeact {
namespace {

// The keys that enclose a line, outermost first, with the columns they begin in.
using Enclosing = std::vector<std::pair<size_t, std::string>>;

std::string path_of(const Enclosing& keys) {
  std::string path;
  for (const auto& [column, key] : keys) path += (path.empty() ? "" : ".") + key;
  return path;
}

}  // namespace

std::vector<ConfigLine> config_lines(const std::string& resolved_config) {
  std::vector<ConfigLine> lines;
  Enclosing keys;
  std::istringstream text(resolved_config);
  for (std::string line; std::getline(text, line);) {
    auto& added = lines.emplace_back(ConfigLine{line, "", ""});
    const size_t begin = line.find_first_not_of(" -");  // an item's dash is indentation for the keys below it
    const size_t colon = line.find(':', std::min(begin, line.size()));
    if (colon == std::string::npos) continue;
    std::erase_if(keys, [&](const auto& key) { return key.first >= begin; });
    keys.emplace_back(begin, line.substr(begin, colon - begin));
    added.path = path_of(keys);
    added.value = line.substr(std::min(line.size(), colon + 2));
  }
  return lines;
}

}  // namespace freeact
