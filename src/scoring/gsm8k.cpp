// Sources: EleutherAI/lm-evaluation-harness 4e7e0d47, gsm8k.yaml, gsm8k-cot.yaml and exact_match of metrics.py;
// dllm-reasoning/d1 837888f2, parse_and_get_acc.py.
#include "scoring/pattern.h"
#include "scoring/python_numbers.h"
#include "scoring/rules.h"
#include "tokenizer/unicode.h"

namespace freeact {
namespace {

using nlohmann::json;

constexpr const char* kInvalid = "[invalid]";

// lm-eval's regex filter: of the first or the last match the first group that is not empty, without white space around.
std::string filtered(const Pattern& pattern, const std::string& response, bool last) {
  const auto matches = pattern.find_all(response);
  if (matches.empty()) return kInvalid;
  const auto& groups = (last ? matches.back() : matches.front()).groups;
  for (size_t i = 1; i < groups.size(); ++i)
    if (groups[i] && !groups[i]->empty()) return std::string(strip(*groups[i]));
  return kInvalid;
}

// What exact_match drops from both sides before it compares: commas, dollars, all up to "#### ", one dot at the end.
std::string without_marks(const std::string& text) {
  static const Pattern comma(","), dollar("\\$"), hashes("(?s).*#### "), dot("\\.$");
  return dot.replace_all(hashes.replace_all(dollar.replace_all(comma.replace_all(text, ""), ""), ""), "");
}

Scorer exact_match(const std::string& name, const std::string& about, const std::string& pattern, bool last) {
  return {name, about, [rule = Pattern(pattern), last](const json& document, const std::string& response) {
            const std::string answer = filtered(rule, response, last);
            const bool equal = without_marks(answer) == without_marks(document_text(document, "answer"));
            return Scored{.answer = answer, .score = equal ? 1.0 : 0.0};
          }};
}

// The first box that holds a number gives its first one, else the tag <answer> its last.
std::optional<double> d1_number(const std::string& response) {
  static const Pattern box(R"(\\boxed\{(.*?)\})"), tag("<answer>(.*?)</answer>", {.dot_all = true}),
      number(R"(-?\d+\.?\d*)");
  for (const Match& found : box.find_all(response))
    if (const auto first = number.search(*found.groups[1])) return python_float(first->text());
  if (const auto answer = tag.search(response))
    if (const auto numbers = number.find_all(*answer->groups[1]); !numbers.empty())
      return python_float(numbers.back().text());
  return std::nullopt;
}

Scored d1_score(const json& document, const std::string& response) {
  const auto number = d1_number(response);
  const bool equal = number && *number == document_value(document, "answer").get<double>();
  return {.answer = number ? json(*number) : json(), .score = equal ? 1.0 : 0.0};
}

}  // namespace

std::vector<Scorer> gsm8k_scorers() {
  const std::string flexible = R"((-?[$0-9.,]{2,})|(-?[0-9]+))",
                    last = "the last run of digits, dots, commas and dollars";
  std::vector<Scorer> all = {
      exact_match("lm-eval/gsm8k/strict-match", "the number behind the first '#### '", R"(#### (\-?[0-9\.\,]+))",
                  false),
      exact_match("lm-eval/gsm8k/flexible-extract", last, flexible, true),
      {"d1/gsm8k", "the first number of the first box that has one, else the last number in <answer>", d1_score}};
  for (const std::string task : {"lm-eval/gsm8k_cot", "lm-eval/gsm8k_cot_zeroshot"}) {
    all.push_back(exact_match(task + "/strict-match",
                              "the number behind the first 'The answer is ', if one more character follows it",
                              R"(The answer is (\-?[0-9\.\,]+).)", false));
    all.push_back(exact_match(task + "/flexible-extract", last, flexible, true));
  }
  return all;
}

}  // namespace freeact
