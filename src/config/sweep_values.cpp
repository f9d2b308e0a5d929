#include "config/sweep_values.h"

#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "config/yaml.h"

namespace freeact {
namespace {

constexpr int64_t kMostValues = 10'000;

struct Call {
  std::string function;
  std::vector<std::string> arguments;
};

std::string without_spaces_around(const std::string& text) {
  const size_t begin = text.find_first_not_of(' ');
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

std::optional<Call> parse_call(const std::string& text) {
  for (const char* function : {"range", "glob"}) {
    const std::string opening = fmt::format("{}(", function);
    if (!text.starts_with(opening) || !text.ends_with(')')) continue;
    Call call{function, {}};
    std::string rest = text.substr(opening.size(), text.size() - opening.size() - 1);
    for (size_t comma = 0; comma != std::string::npos;) {
      comma = rest.find(',');
      call.arguments.push_back(without_spaces_around(rest.substr(0, comma)));
      if (comma != std::string::npos) rest.erase(0, comma + 1);
    }
    return call;
  }
  return std::nullopt;
}

std::vector<Json> numbers_of(const Call& call, const std::string& place) {
  std::vector<Json> numbers;
  for (const auto& argument : call.arguments) {
    numbers.push_back(parse_yaml_value(argument, place));
    if (!numbers.back().is_number())
      throw UserError("{}: range({}) needs numbers, but '{}' is none", place, fmt::join(call.arguments, ", "),
                      argument);
  }
  if (numbers.size() > 3)
    throw UserError("{}: range() takes START, STOP and STEP, but has {} numbers", place, numbers.size());
  if (numbers.size() == 1) numbers.insert(numbers.begin(), 0);
  if (numbers.size() == 2) numbers.emplace_back(1);
  return numbers;
}

// 0.1 + 2 * 0.1 as it would be written: 0.3.
double as_written(double value) {
  return std::strtod(fmt::format("{:.12g}", value).c_str(), nullptr);
}

std::vector<Json> range_values(const Call& call, const std::string& place) {
  const auto numbers = numbers_of(call, place);
  const bool whole = std::ranges::all_of(numbers, [](const Json& number) { return number.is_number_integer(); });
  const double start = numbers[0].get<double>(), stop = numbers[1].get<double>(), step = numbers[2].get<double>();
  const double steps = std::ceil((stop - start) / step - 1e-9);  // 0.3 / 0.1 is a little more than 3
  if (!(steps >= 1 && steps <= static_cast<double>(kMostValues)))
    throw UserError("{}: range({}) must stand for 1 to {} values", place, fmt::join(call.arguments, ", "), kMostValues);
  std::vector<Json> values;
  for (int64_t i = 0; i < static_cast<int64_t>(steps); ++i) {
    const double value = start + static_cast<double>(i) * step;
    if (whole)
      values.emplace_back(static_cast<int64_t>(value));
    else
      values.emplace_back(as_written(value));
  }
  return values;
}

bool fits(const std::string& pattern, const std::string& name) {
  return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

std::vector<Json> glob_values(const Call& call, const std::vector<std::string>& choices, const std::string& place) {
  std::vector<Json> values;
  for (const auto& name : choices) {
    bool chosen = false;
    for (const auto& pattern : call.arguments)
      if (fits(pattern.starts_with('!') ? pattern.substr(1) : pattern, name)) chosen = !pattern.starts_with('!');
    if (chosen) values.emplace_back(name);
  }
  if (values.empty())
    throw UserError("{}: glob({}) fits none of: {}", place, fmt::join(call.arguments, ", "), fmt::join(choices, ", "));
  return values;
}

}  // namespace

bool is_sweep_function(const std::string& text) {
  return parse_call(text).has_value();
}

std::vector<Json> sweep_function_values(const std::string& text, const std::vector<std::string>& choices,
                                        const std::string& place) {
  const auto call = parse_call(text);
  if (!call) throw UserError("{}: '{}' is neither range(...) nor glob(...)", place, text);
  return call->function == "range" ? range_values(*call, place) : glob_values(*call, choices, place);
}

}  // namespace freeact
