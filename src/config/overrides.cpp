#include "config/overrides.h"

#include <algorithm>

#include "config/sweep_values.h"
#include "config/yaml.h"

namespace freeact {
namespace {

// Follows a text character by character and tells whether a comma there separates elements.
class Nesting {
 public:
  bool at_top() const { return depth_ == 0 && quote_ == 0; }
  void step(char c) {
    if (quote_ != 0) {
      if (c == quote_) quote_ = 0;
    } else if ((c == '\'' || c == '"') && opens_value_) {
      quote_ = c;
    } else if (c == '[' || c == '{') {
      ++depth_;
    } else if (c == ']' || c == '}') {
      --depth_;
    }
    opens_value_ = c == ',' || c == '[' || c == '{' || c == ' ';
  }

 private:
  int depth_ = 0;
  char quote_ = 0;
  bool opens_value_ = true;  // only there a quotation mark quotes: it's an apostrophe elsewhere
};

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> elements(1);
  Nesting nesting;
  for (const char c : text) {
    const bool separates = c == ',' && nesting.at_top();
    nesting.step(c);
    if (separates)
      elements.emplace_back();
    else
      elements.back() += c;
  }
  return elements;
}

// Takes the signs in front of the key.
Change take_change(std::string& argument) {
  for (const auto& [sign, change] :
       {std::pair{"++", Change::kSet}, std::pair{"+", Change::kAdd}, std::pair{"~", Change::kDrop}})
    if (argument.starts_with(sign)) {
      argument.erase(0, std::string_view(sign).size());
      return change;
    }
  return Change::kSet;
}

std::vector<Json> parse_values(const std::string& text, const std::string& argument) {
  if (is_sweep_function(text)) return {text};
  std::vector<Json> values;
  const auto elements = split_at_commas(text);
  for (const auto& element : elements) {
    if (element.empty() && elements.size() > 1)
      throw UserError("{}: '{}' has an empty element; remove a comma", kCommandLine, argument);
    values.push_back(parse_yaml_value(element, kCommandLine));
  }
  return values;
}

void check_key(const std::string& key) {
  if (key.ends_with('.') || key.starts_with('.') || key.find("..") != std::string::npos)
    throw UserError("{}: '{}' is no key; write dotted names such as model.path", kCommandLine, key);
}

Override parse_override(const std::string& argument) {
  std::string rest = argument;
  Override parsed{take_change(rest), {"", {}, kCommandLine}};
  const size_t equals = std::min(rest.find('='), rest.size());
  const bool has_value = equals < rest.size() || parsed.change == Change::kDrop;
  if (!has_value || equals == 0 || !is_utf8(argument))
    throw UserError("{}: '{}' is no override; write GROUP=CHOICE, KEY=VALUE, +KEY=VALUE or ~KEY", kCommandLine,
                    argument);
  parsed.axis.key = rest.substr(0, equals);
  check_key(parsed.axis.key);
  if (equals < rest.size()) parsed.axis.values = parse_values(rest.substr(equals + 1), argument);
  return parsed;
}

}  // namespace

std::vector<Override> parse_overrides(const std::vector<std::string>& arguments) {
  std::vector<Override> overrides;
  for (const auto& argument : arguments) {
    Override parsed = parse_override(argument);
    const std::string& key = parsed.axis.key;
    if (std::ranges::any_of(overrides, [&](const Override& other) { return other.axis.key == key; }))
      throw UserError("{}: '{}' is given twice; keep one", kCommandLine, key);
    overrides.push_back(std::move(parsed));
  }
  return overrides;
}

}  // namespace freeact
