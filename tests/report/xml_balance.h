// A tiny check that markup is well formed: tags nest, attributes are quoted, text holds no bare '<' or '&'.
#pragma once

#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace freeact {

// Empty when well formed, else what is wrong. `open_ended` names the elements that HTML leaves unclosed.
inline std::string markup_fault(std::string_view text, const std::vector<std::string>& open_ended = {}) {
  static const std::regex kTag(R"(<(/?)([A-Za-z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(/?)>)");
  static const std::regex kBareAmpersand(R"(&(?!(amp|lt|gt|quot|#\d+);))");
  std::vector<std::string> open;
  const std::string whole(text);
  if (std::regex_search(whole, kBareAmpersand)) return "a bare &";
  for (size_t at = whole.find('<'); at != std::string::npos; at = whole.find('<', at + 1)) {
    std::smatch tag;
    const std::string rest = whole.substr(at, 20000);
    if (rest.starts_with("<!DOCTYPE")) continue;
    if (!std::regex_search(rest, tag, kTag, std::regex_constants::match_continuous))
      return "no tag: " + rest.substr(0, 60);
    if (tag[4].length() > 0 || std::find(open_ended.begin(), open_ended.end(), tag[2]) != open_ended.end()) continue;
    if (tag[1].length() == 0)
      open.push_back(tag[2]);
    else if (open.empty() || open.back() != tag[2])
      return "unexpected </" + tag[2].str() + ">";
    else
      open.pop_back();
  }
  return open.empty() ? "" : "unclosed <" + open.back() + ">";
}

}  // namespace freeact
