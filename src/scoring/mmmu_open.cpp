// MMMU's open questions by the rule of its authors over all candidates of a response (MMMU-Benchmark/MMMU 51ce7f3e,
// eval/eval_utils.py, as EvolvingLMMs-Lab/lmms-eval 75571cfe keeps it in lmms_eval/tasks/mmmu/utils.py; lmms-eval
// itself then takes the first of an unordered set, which is no rule).
#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <variant>

#include "scoring/document_texts.h"
#include "scoring/pattern.h"
#include "scoring/python_numbers.h"
#include "scoring/python_text.h"
#include "scoring/python_values.h"
#include "scoring/rules.h"
#include "tokenizer/unicode.h"
#include "util/text.h"

namespace freeact {
namespace {

using nlohmann::json;

using Candidate = std::variant<double, std::string>;

// round(value, 2): from the exact value, as printing does.
double rounded(double value) {
  return std::isfinite(value) ? std::stod(fmt::format("{:.2f}", value)) : value;
}

// A number where the text is one without its commas, else the text in lower case; a single letter gets a blank on
// either side in turn, or it would be found in many a word.
std::vector<Candidate> normalised(const std::string& text) {
  if (const auto number = python_float(replace_all(strip(text), ",", ""))) return {rounded(*number)};
  const std::string lower = python_lower(strip(text));
  if (code_points(lower).size() == 1) return {" " + lower, lower + " "};
  return {lower};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char unit : text)
    if (unit == '\n')
      lines.emplace_back();
    else
      lines.back() += unit;
  return lines;
}

// The shortest of what follows the last of each indicator; an empty one gives way to any other.
std::string key_part(const std::string& line, const std::vector<std::string>& indicators) {
  std::string shortest;
  for (const auto& indicator : indicators) {
    const size_t place = line.rfind(indicator);
    if (place == std::string::npos) continue;
    const std::string part(strip(std::string_view(line).substr(place + indicator.size())));
    if (shortest.empty() || code_points(part).size() < code_points(shortest).size()) shortest = part;
  }
  return shortest;
}

// The ends of the lines that conclude something, else the whole response. (The authors also mean to split at a dot
// before a capital letter, but lower the text first.)
std::vector<std::string> key_parts(const std::string& response) {
  static const std::set<std::string> kTrivial = {":", ",", ".", "!", "?", ";", "'"};
  std::vector<std::string> indicators = {"could be ",  "so ",    "is ",     "thus ",
                                         "therefore ", "final ", "answer ", "result "};
  const std::string lower = python_lower(python_strip(strip(response), "."));
  const auto lines = lines_of(lower);
  std::vector<std::string> parts;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i + 1 == lines.size()) indicators.emplace_back("=");  // the last line may be an equation
    const std::string part = key_part(lines[i], indicators);
    if (!part.empty() && !kTrivial.contains(part)) parts.push_back(part);
  }
  return parts.empty() ? std::vector{lower} : parts;
}

std::vector<std::string> numbers_in(const std::string& text) {
  static const Pattern with_commas(R"(-?\b\d{1,3}(?:,\d{3})+\b)"), scientific(R"(-?\d+(?:\.\d+)?[eE][+-]?\d+)"),
      simple(R"(-?(?:\d+\.\d+|\.\d+|\d+\b)(?![eE][+-]?\d+)(?![,\d]))");
  std::vector<std::string> numbers;
  for (const Pattern* pattern : {&with_commas, &scientific, &simple})
    for (const Match& found : pattern->find_all(text)) numbers.push_back(found.text());
  return numbers;
}

std::vector<Candidate> candidates_of(const std::string& response) {
  std::vector<Candidate> candidates;
  const auto add = [&](const std::string& text) {
    std::ranges::move(normalised(text), std::back_inserter(candidates));
  };
  for (const auto& part : key_parts(response)) {
    add(part);
    for (const auto& number : numbers_in(part)) add(number);
  }
  return candidates;
}

// A text holds the answer, a number equals it.
bool agrees(const Candidate& candidate, const Candidate& answer) {
  if (candidate.index() != answer.index()) return false;
  if (const auto* text = std::get_if<std::string>(&candidate))
    return text->find(std::get<std::string>(answer)) != std::string::npos;
  return candidate == answer;
}

std::set<std::string> shown(const std::vector<Candidate>& candidates) {
  std::set<std::string> texts;
  for (const auto& candidate : candidates) {
    const auto* number = std::get_if<double>(&candidate);
    texts.insert(number != nullptr ? python_str(*number) : std::get<std::string>(candidate));
  }
  return texts;
}

Scored open_score(const json& document, const std::string& response) {
  const auto candidates = candidates_of(response);
  bool right = false;
  for (const auto& text : document_texts(document, "answer"))
    for (const auto& answer : normalised(text))
      right = right || std::ranges::any_of(candidates, [&](const Candidate& one) { return agrees(one, answer); });
  return {.answer = shown(candidates), .score = right ? 1.0 : 0.0};
}

}  // namespace

std::vector<Scorer> mmmu_open_scorers() {
  return {{"mmmu_eval_open_all_candidates/mmmu_open",
           "a number or the end of a concluding line that equals the answer or holds it", open_score}};
}

}  // namespace freeact
