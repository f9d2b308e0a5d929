// Countdown: reach a target with all of some numbers. Sources: dllm-reasoning/d1 837888f2, parse_and_get_acc.py;
// HKUNLP/Dream a1b4472a, eval_planning.
#include <algorithm>
#include <cmath>

#include "scoring/boxed.h"
#include "scoring/pattern.h"
#include "scoring/python_arithmetic.h"
#include "scoring/python_numbers.h"
#include "scoring/rules.h"
#include "tokenizer/unicode.h"
#include "util/text.h"

namespace freeact {
namespace {

using nlohmann::json;

std::vector<double> numbers_of(const json& document) {
  auto numbers = document_value(document, "numbers").get<std::vector<double>>();
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

double target_of(const json& document) {
  return document_value(document, "target").get<double>();
}

// The last box, or else the whole text; of it what stands left of an equals sign and a number.
std::string d1_equation(const std::string& response) {
  static const Pattern equation(R"(([0-9+\-*/() ]+)=[0-9. ]+)");
  std::string text = d1_unboxed(response);
  for (const auto& [latex, plain] : {std::pair("\\div", "/"), {"\\times", "*"}, {"\\cdot", "*"}})
    text = replace_all(text, latex, plain);
  const auto found = equation.search(text);
  return found ? std::string(strip(*found->groups[1])) : text;
}

// Every given number once, and no other.
bool uses_numbers(const std::string& equation, const std::vector<double>& sorted_numbers) {
  static const Pattern digits(R"(\d+)");
  std::vector<double> used;
  for (const Match& found : digits.find_all(equation)) used.push_back(python_float(found.text()).value_or(-1));
  std::sort(used.begin(), used.end());
  return used == sorted_numbers;
}

std::optional<double> d1_value(const std::string& equation) {
  static const Pattern allowed(R"(^[\d+\-*/().\s]+$)");
  if (!allowed.match(equation)) return std::nullopt;
  return python_arithmetic(strip(equation));
}

json value_json(const std::optional<double>& value) {
  constexpr double kShown = 1e15;
  if (!value) return nullptr;
  return std::abs(*value) > kShown ? json("over 1e15") : json(*value);
}

Scored d1_score(const json& document, const std::string& response) {
  constexpr double kTolerance = 1e-5;
  const std::string equation = d1_equation(response);
  std::optional<double> value;
  if (uses_numbers(equation, numbers_of(document))) value = d1_value(equation);
  const bool right = value && std::abs(*value - target_of(document)) < kTolerance;
  return {.answer = {{"equation", equation}, {"value", value_json(value)}}, .score = right ? 1.0 : 0.0};
}

json share_right(const std::vector<ScoredItem>& items) {
  double sum = 0;
  for (const auto& item : items) sum += item.scored.score.value_or(0);
  return {{"accuracy", items.empty() ? 0.0 : sum / static_cast<double>(items.size())}};
}

bool take_number(std::vector<double>& numbers, double value) {
  const auto found = std::find(numbers.begin(), numbers.end(), value);
  if (found == numbers.end()) return false;
  numbers.erase(found);
  return true;
}

// "95-34=61": true, and of numbers that are still there; its result joins them.
bool apply_step(const std::string& step, std::vector<double>& numbers) {
  static const Pattern shape(R"((([0-9]+)[+\-*/]([0-9]+))=([0-9]+))");
  const auto found = shape.full_match(step);
  if (!found) return false;
  const auto number = [&](size_t group) { return std::strtod(found->groups[group]->c_str(), nullptr); };
  const auto value = python_arithmetic(*found->groups[1]);
  if (!value || *value != number(4)) return false;
  if (!take_number(numbers, number(2)) || !take_number(numbers, number(3))) return false;
  numbers.push_back(*value);
  return true;
}

// "95-34=61,61-52=9": leads from the given numbers to the target alone.
bool reaches(const std::string& chain, std::vector<double> numbers, double target) {
  for (size_t begin = 0; begin <= chain.size();) {
    const size_t end = std::min(chain.find(',', begin), chain.size());
    if (!apply_step(chain.substr(begin, end - begin), numbers)) return false;
    begin = end + 1;
  }
  return numbers.size() == 1 && numbers[0] == target;
}

Scored dream_score(const json& document, const std::string& response) {
  const std::string chain = cut_at_stops(response, {"<|end_of_text|>", "\n"});
  const bool right = reaches(chain, numbers_of(document), target_of(document));
  return {.answer = chain, .score = right ? 1.0 : 0.0};
}

}  // namespace

std::vector<Scorer> countdown_scorers() {
  return {{"d1/countdown_cd3", "an expression of every number once whose value is the target", d1_score},
          {"dream/countdown_cd3_dream", "equations that lead from the numbers to the target", dream_score}};
}

std::vector<Pooling> countdown_poolings() {
  return {{"d1/countdown_cd3", "the share of right expressions", share_right}};
}

}  // namespace freeact
