#include "scoring/python_text.h"

#include <utf8proc.h>

#include "scoring/pattern.h"
#include "tokenizer/unicode.h"

namespace freeact {
namespace {

constexpr char32_t kReplacement = 0xFFFD, kCapitalDottedI = 0x130;

void append_lower(std::string& text, char32_t value) {
  if (value == kCapitalDottedI) {
    text += "i\u0307";  // the one capital whose small form is two code points
    return;
  }
  utf8proc_uint8_t bytes[4];
  const auto length = utf8proc_encode_char(utf8proc_tolower(static_cast<utf8proc_int32_t>(value)), bytes);
  text.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
}

bool is_white_space(std::string_view character) {
  return strip(character).empty();
}

}  // namespace

std::u32string code_points(std::string_view text) {
  std::u32string result;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    result += point.valid ? point.value : kReplacement;
    text.remove_prefix(point.length);
  }
  return result;
}

std::string python_lower(std::string_view text) {
  // Unicode 14, section 3.13: behind a cased letter and before none, whatever lies between that case ignores.
  static const Pattern final_sigma(
      R"((?=\p{Cased})\P{Case_Ignorable}\p{Case_Ignorable}*\KΣ(?!\p{Case_Ignorable}*(?=\p{Cased})\P{Case_Ignorable}))");
  const std::string capitals = final_sigma.replace_all(text, "ς");
  std::string result;
  for (std::string_view rest = capitals; !rest.empty();) {
    const CodePoint point = first_code_point(rest);
    if (point.valid)
      append_lower(result, point.value);
    else
      result += rest.substr(0, point.length);
    rest.remove_prefix(point.length);
  }
  return result;
}

std::vector<std::string> python_split(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  while (!text.empty()) {
    const std::string_view character = text.substr(0, first_code_point(text).length);
    const bool blank = is_white_space(character);
    if (!blank && !inside) words.emplace_back();
    if (!blank) words.back() += character;
    inside = !blank;
    text.remove_prefix(character.size());
  }
  return words;
}

std::string_view python_strip(std::string_view text, std::string_view characters) {
  const size_t begin = text.find_first_not_of(characters);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(characters) + 1 - begin);
}

}  // namespace freeact
