#include "report/clipping.h"

#include <map>
#include <sstream>

namespace freeact {
namespace {

std::map<std::string, std::string> clipping_keys(const std::string& resolved_config) {
  std::map<std::string, std::string> found;
  std::istringstream text(resolved_config);
  for (std::string line; std::getline(text, line);) {
    line.erase(0, line.find_first_not_of(' '));
    for (const char* key : {"w_clip: ", "w_clip_ratio: ", "a_clip: ", "a_clip_ratio: "})
      if (line.starts_with(key)) found[line.substr(0, line.find(':'))] = line.substr(line.find(' ') + 1);
  }
  return found;
}

}  // namespace

std::string clipping_policy(const RunRecord& run) {
  auto keys = clipping_keys(run.resolved_config);
  if (!keys.contains("w_clip") || !keys.contains("a_clip")) return "";
  const auto rule = [&](const std::string& key) {
    return keys[key] == "fixed" ? "fixed " + keys[key + "_ratio"] : keys[key];
  };
  return rule("w_clip") + " / " + rule("a_clip");
}

}  // namespace freeact
