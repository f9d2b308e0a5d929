#include "config/overrides.h"

#include <algorithm>

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

Axis parse_override(const std::string& argument) {
  const size_t equals = argument.find('=');
  if (equals == std::string::npos || equals == 0 || !is_utf8(argument))
    throw UserError("{}: '{}' is no override; write GROUP=CHOICE or KEY=VALUE", kCommandLine, argument);
  Axis axis{argument.substr(0, equals), {}, kCommandLine};
  if (axis.key.ends_with('.') || axis.key.starts_with('.') || axis.key.find("..") != std::string::npos)
    throw UserError("{}: '{}' is no key; write dotted names such as model.path", kCommandLine, axis.key);
  const auto elements = split_at_commas(argument.substr(equals + 1));
  for (const auto& element : elements) {
    if (element.empty() && elements.size() > 1)
      throw UserError("{}: '{}' has an empty element; remove a comma", kCommandLine, argument);
    axis.values.push_back(parse_yaml_value(element, kCommandLine));
  }
  return axis;
}

}  // namespace

std::vector<Axis> parse_overrides(const std::vector<std::string>& arguments) {
  std::vector<Axis> axes;
  for (const auto& argument : arguments) {
    axes.push_back(parse_override(argument));
    const auto same_key = [&](const Axis& axis) { return axis.key == axes.back().key; };
    if (std::any_of(axes.begin(), axes.end() - 1, same_key))
      throw UserError("{}: '{}' is given twice; keep one", kCommandLine, axes.back().key);
  }
  return axes;
}

}  // namespace freeact
