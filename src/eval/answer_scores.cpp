#include "eval/answer_scores.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <regex>

#include "tokenizer/unicode.h"

namespace freeact {
namespace {

constexpr double kTolerance = 0.05;

// Python allows one underscore between two digits, and words for what is no finite number.
std::optional<double> python_float(std::string_view text) {
  static const std::regex number(
      R"([+-]?(((\d+(_\d+)*)(\.(\d+(_\d+)*)?)?|\.\d+(_\d+)*)(e[+-]?\d+(_\d+)*)?|inf|infinity|nan))", std::regex::icase);
  std::string digits(strip(text));
  if (!std::regex_match(digits, number)) return std::nullopt;
  std::erase(digits, '_');
  return std::strtod(digits.c_str(), nullptr);
}

std::optional<double> number_of(std::string_view text) {
  if (!text.ends_with('%')) return python_float(text);
  const size_t last = text.find_last_not_of('%');
  const auto value = python_float(text.substr(0, last == std::string_view::npos ? 0 : last + 1));
  return value ? std::optional(*value / 100) : std::nullopt;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

bool relaxed_match(std::string_view given, std::string_view right) {
  const auto number = number_of(given), wanted = number_of(right);
  if (number && wanted && *wanted != 0) return std::abs(*number - *wanted) / std::abs(*wanted) <= kTolerance;
  return lower(given) == lower(right);
}

}  // namespace

double score_answer(const std::string& metric, const std::string& given, const std::string& right) {
  const bool matches = metric == "relaxed_accuracy" ? relaxed_match(strip(given), right) : given == right;
  return matches ? 1 : 0;
}

}  // namespace freeact
