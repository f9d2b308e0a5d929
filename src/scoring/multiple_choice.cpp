// Multiple-choice questions about images. Sources: open-compass/VLMEvalKit e8e78f05, eval_vanilla and
// prefetch_circular_group of vlmeval/dataset/utils/multiple_choice.py; EvolvingLMMs-Lab/lmms-eval 75571cfe, utils.py of
// lmms_eval/tasks/ai2d, scienceqa and blink, and exact_match of lmms_eval/api/metrics.py.
#include <algorithm>
#include <map>

#include "scoring/option_letters.h"
#include "scoring/pattern.h"
#include "scoring/python_text.h"
#include "scoring/rules.h"
#include "tokenizer/unicode.h"

namespace freeact {
namespace {

using nlohmann::json;

constexpr const char* kPunctuation = R"(!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~)";  // Python's string.punctuation

Scored equal_to_answer(const json& document, const std::string& answer) {
  return {.answer = answer, .score = answer == document_text(document, "answer") ? 1.0 : 0.0};
}

// Without a judge model an answer that no rule reads is "Z", as a refusal is.
Scored vlmevalkit_score(const json& document, const std::string& response) {
  return equal_to_answer(document, std::string(1, vlmevalkit_letter(response, options_of(document)).value_or('Z')));
}

Scored mmbench_score(const json& document, const std::string& response) {
  const auto letter = mmbench_letter(response, options_of(document));
  return letter ? equal_to_answer(document, std::string(1, *letter)) : Scored{.answer = nullptr, .score = 0.0};
}

Scored mmmu_score(const json& document, const std::string& response) {
  const auto letter = mmmu_letter(response, options_of(document));
  return letter ? equal_to_answer(document, std::string(1, *letter))
                : Scored{.answer = "random", .score = std::nullopt};
}

std::string without_case_and_punctuation(const std::string& text) {
  std::string lower = python_lower(text);
  std::erase_if(lower, [](char unit) { return std::string_view(kPunctuation).find(unit) != std::string_view::npos; });
  return lower;
}

// Only a letter with a dot is taken out of a longer text. The response counts as it is: lmms-eval's loop over tasks
// strips it before, its filter and its metric do not.
Scored ai2d_score(const json& document, const std::string& response) {
  static const Pattern letter_and_dot(R"([A-Z](?=\.))");
  const auto letter = letter_and_dot.match(strip(response));
  const std::string answer = letter ? letter->text() : response;
  const bool right =
      without_case_and_punctuation(answer) == without_case_and_punctuation(document_text(document, "answer"));
  return {.answer = answer, .score = right ? 1.0 : 0.0};
}

// The letter in either case, or the capital with a dot behind it and whatever follows.
Scored scienceqa_score(const json& document, const std::string& response) {
  static const Pattern capital_and_dot(R"(\p{Lu}(?=\.))");
  const std::string text(strip(response));
  const auto capital = capital_and_dot.match(text);
  const std::string answer = capital ? capital->text() : text;
  const bool right = python_lower(answer) == python_lower(strip(document_text(document, "answer")));
  return {.answer = answer, .score = right ? 1.0 : 0.0};
}

// The first letter of the text, even if it begins a word: "The answer is B" reads as T.
Scored blink_score(const json& document, const std::string& response) {
  // With re.IGNORECASE Python's [A-Z] takes four letters besides; upper() makes ASCII ones of two of them.
  static const Pattern letter(R"([(\s\x1c-\x1f]*([A-Za-z\x{130}\x{131}\x{17F}\x{212A}]))");
  static const std::map<std::string, std::string> kUpper = {{"ı", "I"}, {"ſ", "S"}};
  const auto found = letter.match(strip(response));
  std::string answer = found ? *found->groups[1] : "";
  if (const auto upper = kUpper.find(answer); upper != kUpper.end()) answer = upper->second;
  if (answer.size() == 1 && answer[0] >= 'a') answer[0] = static_cast<char>(answer[0] - 'a' + 'A');
  const bool right = answer == python_strip(document_text(document, "answer"), "()");
  return {.answer = answer, .score = right ? 1.0 : 0.0};
}

// MMBench asks a question once for each rotation of its options. The item's document is a line of VLMEvalKit's file:
// {"index": 1000007, "g_index": 7, "A": "newspaper", ..., "answer": "A"}, where the question's own order has the index
// that all its rotations have as g_index, which is index modulo a million where it is not given. Its response answers
// this rotation. The result is the share of questions whose rotations are all right.
json circular_accuracy(const std::vector<ScoredItem>& items) {
  constexpr long kRotation = 1'000'000;
  std::map<long, bool> right;  // by question
  for (const auto& item : items) {
    const long index = document_value(item.document, "index").get<long>();
    const long question = item.document.value("g_index", index % kRotation);
    const auto place = right.emplace(question, true).first;
    place->second = place->second && item.scored.score == 1.0;
  }
  const auto count = std::ranges::count_if(right, [](const auto& question) { return question.second; });
  return right.empty() ? json() : json(static_cast<double>(count) / static_cast<double>(right.size()));
}

}  // namespace

std::vector<Scorer> multiple_choice_scorers() {
  const std::string vlmevalkit =
      "a letter near the end, else 'answer is X', else the text of one option; no judge model";
  return {
      {"vlmevalkit/multiple_choice", vlmevalkit, vlmevalkit_score},
      {"vlmevalkit/mmbench", vlmevalkit, vlmevalkit_score},
      {"lmms-eval/mmbench_rules", "the only letter, alone or with a mark, else the text of one option", mmbench_score},
      {"lmms-eval/ai2d", "a letter and a dot at the start, else the whole text", ai2d_score},
      {"lmms-eval/scienceqa", "the letter alone, or with a dot at the start", scienceqa_score},
      {"lmms-eval/blink", "the first letter of the text", blink_score},
      {"lmms-eval/mmmu",
       "the last letter in brackets, before a blank or a dot, else the last option text; no score "
       "where it would draw a letter",
       mmmu_score}};
}

std::vector<Pooling> multiple_choice_poolings() {
  return {{"vlmevalkit/mmbench", "the share of questions that are right in every rotation", circular_accuracy}};
}

}  // namespace freeact
