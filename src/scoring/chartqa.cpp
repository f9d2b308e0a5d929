// ChartQA by relaxed accuracy. Sources: open-compass/VLMEvalKit e8e78f05, relaxed_correctness and process_line of
// vlmeval/dataset/utils/vqa_eval.py and evaluate_heuristic of vlmeval/dataset/image_vqa.py; EvolvingLMMs-Lab/lmms-eval
// 75571cfe, lmms_eval/tasks/chartqa/utils.py.
#include <algorithm>
#include <cmath>
#include <map>

#include "scoring/document_texts.h"
#include "scoring/python_numbers.h"
#include "scoring/python_text.h"
#include "scoring/python_values.h"
#include "scoring/rules.h"
#include "tokenizer/unicode.h"

namespace freeact {
namespace {

using nlohmann::json;

constexpr double kTolerance = 0.05;

// A percentage is a fraction, however many signs end it.
std::optional<double> number_of(const std::string& text) {
  if (!text.ends_with('%')) return python_float(text);
  const auto number = python_float(text.substr(0, text.find_last_not_of('%') + 1));
  return number ? std::optional(*number / 100) : std::nullopt;
}

// Both as numbers where the target is one other than 0, else the same text without case.
bool relaxed_equal(const std::string& target, const std::string& answer) {
  const auto wanted = number_of(target), given = number_of(answer);
  if (given && wanted && *wanted != 0) return std::abs(*given - *wanted) / std::abs(*wanted) <= kTolerance;
  return python_lower(answer) == python_lower(target);
}

// VLMEvalKit evaluates its column of answers as Python, so that a text which looks like a list becomes several answers.
// (It fails on an empty list, which is a plain text here.)
std::vector<std::string> vlmevalkit_targets(const json& document) {
  const auto texts = document_texts(document, "answer");
  const auto list = texts.size() == 1 ? python_list(texts.front()) : std::nullopt;
  return list && !list->empty() ? *list : texts;
}

Scored vlmevalkit_score(const json& document, const std::string& response) {
  const std::string answer(strip(response));
  const bool right = std::ranges::any_of(vlmevalkit_targets(document),
                                         [&](const std::string& target) { return relaxed_equal(target, answer); });
  return {.answer = answer, .score = right ? 1.0 : 0.0};
}

Scored lmms_eval_score(const json& document, const std::string& response) {
  return {.answer = response, .score = relaxed_equal(document_text(document, "answer"), response) ? 1.0 : 0.0};
}

// {"test_human": percent, "test_augmented": percent, "Overall": percent over all items}
json percent_of_splits(const std::vector<ScoredItem>& items) {
  struct Sum {
    double score = 0, count = 0;
  };
  std::map<std::string, Sum> sums;
  const auto add = [&](const std::string& name, double score) {
    sums[name].score += score;
    ++sums[name].count;
  };
  for (const auto& item : items) {
    const double score = item.scored.score.value_or(0);
    add("Overall", score);
    if (item.document.contains("split")) add(document_text(item.document, "split"), score);
  }
  json percents = json::object();
  for (const auto& [name, sum] : sums) percents[name] = sum.score / sum.count * 100;
  return percents;
}

}  // namespace

std::vector<Scorer> chartqa_scorers() {
  const std::string about = "a number within 5 % of the answer, else the same text without case";
  return {{"vlmevalkit/chartqa", about + "; outer blanks do not count", vlmevalkit_score},
          {"lmms-eval/chartqa", about, lmms_eval_score}};
}

std::vector<Pooling> chartqa_poolings() {
  return {{"vlmevalkit/chartqa", "percent right of each split and of all", percent_of_splits}};
}

}  // namespace freeact
