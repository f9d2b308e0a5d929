#include "scoring/python_numbers.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "scoring/pattern.h"
#include "scoring/python_text.h"
#include "tokenizer/unicode.h"

namespace freeact {
namespace {

bool is_decimal_digit(char32_t value) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(value)) == UTF8PROC_CATEGORY_ND;
}

// Digits of a script follow each other from 0 to 9, and scripts that touch do so in whole tens.
char ascii_digit(char32_t value) {
  char32_t before = 0;
  while (is_decimal_digit(value - before - 1)) ++before;
  return static_cast<char>('0' + before % 10);
}

std::string with_ascii_digits(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (point.valid && is_decimal_digit(point.value))
      result += ascii_digit(point.value);
    else
      result += text.substr(0, point.length);
    text.remove_prefix(point.length);
  }
  return result;
}

// A text of ASCII alone goes by C's white space, which the separators 0x1c to 0x1f are not part of.
std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\v\f\r";
  const bool ascii = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return ascii ? python_strip(text, kBlanks) : strip(text);
}

}  // namespace

std::optional<double> python_float(std::string_view text) {
  static const Pattern number(
      R"([+-]?(((\d+(_\d+)*)(\.(\d+(_\d+)*)?)?|\.\d+(_\d+)*)(e[+-]?\d+(_\d+)*)?|inf|infinity|nan))",
      {.ignore_case = true});
  std::string digits = with_ascii_digits(without_blanks(text));
  if (!number.full_match(digits)) return std::nullopt;
  std::erase(digits, '_');
  return std::strtod(digits.c_str(), nullptr);
}

}  // namespace freeact
