#include "scoring/python_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "scoring/pattern.h"
#include "scoring/python_numbers.h"
#include "tokenizer/unicode.h"

namespace freeact {
namespace {

std::string unescaped(std::string_view quoted) {
  static constexpr std::string_view kNames = "\\'\"ntr", kMeant = "\\'\"\n\t\r";
  std::string text;
  for (size_t i = 0; i < quoted.size(); ++i) {
    const size_t known = quoted[i] == '\\' && i + 1 < quoted.size() ? kNames.find(quoted[i + 1]) : std::string::npos;
    text += known == std::string::npos ? quoted[i] : kMeant[known];
    if (known != std::string::npos) ++i;
  }
  return text;
}

// A sign belongs to the number; "+5" and "-0" are the whole numbers 5 and 0.
std::string whole_number(std::string digits) {
  std::erase(digits, '_');
  std::erase(digits, '+');
  return digits.find_first_not_of("-0") == std::string::npos ? "0" : digits;
}

// The groups of kMember in python_list().
std::string member_text(const Match& member) {
  const auto& groups = member.groups;
  for (const size_t quoted : {1, 2})
    if (groups[quoted]) return unescaped(*groups[quoted]);
  if (groups[3]) return whole_number(*groups[3]);
  if (groups[4]) return python_str(python_float(*groups[4]).value());
  return *groups[5];
}

}  // namespace

std::string python_str(double value) {
  const std::string text = fmt::format("{}", value);
  const bool is_whole = std::isfinite(value) && text.find_first_of(".e") == std::string::npos;
  return is_whole ? text + ".0" : text;
}

std::optional<std::vector<std::string>> python_list(std::string_view text) {
  static const std::string kDigits = "[0-9](?:_?[0-9])*", kExponent = "(?:[eE][+-]?" + kDigits + ")";
  static const std::string kMember = R"re((?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)")re"
                                     R"re(|([+-]?(?:[1-9](?:_?[0-9])*|0(?:_?0)*)(?![0-9_.eE])))re"
                                     "|([+-]?(?:" +
                                     kDigits + R"(\.(?:)" + kDigits + R"()?|\.)" + kDigits + "|" + kDigits +
                                     "(?=[eE]))" + kExponent + "?)" + "|(True|False|None))";
  static const Pattern list(R"(\[\s*(?:)" + kMember + R"(\s*(?:,\s*|(?=\])))*\])"), member(kMember);
  const std::string_view stripped = strip(text);
  if (!list.full_match(stripped)) return std::nullopt;
  std::vector<std::string> members;
  for (const Match& found : member.find_all(stripped.substr(1))) members.push_back(member_text(found));
  return members;
}

}  // namespace freeact
