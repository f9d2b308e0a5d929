// MATH-500. Sources: EleutherAI/lm-evaluation-harness 4e7e0d47, tasks/minerva_math and tasks/hendrycks_math;
// dllm-reasoning/d1 837888f2, parse_and_get_acc.py.
#include "scoring/algebra.h"
#include "scoring/boxed.h"
#include "scoring/math_text.h"
#include "scoring/pattern.h"
#include "scoring/rules.h"
#include "tokenizer/unicode.h"

namespace freeact {
namespace {

using nlohmann::json;

// What lies between the first dollar and the last; the whole text where there are fewer than two.
std::string between_dollars(const std::string& response) {
  const size_t first = response.find('$'), last = response.rfind('$');
  return first == last ? response : response.substr(first + 1, last - first - 1);
}

Scored hendrycks(const json& document, const std::string& response) {
  const std::string answer = between_dollars(response), gold = document_text(document, "answer");
  return {.answer = hendrycks_normalised(answer).value_or(answer),
          .score = hendrycks_equal(answer, gold) ? 1.0 : 0.0,
          .parts = {{"gold_normalised", hendrycks_normalised(gold).value_or(gold)}}};
}

// The last box, or the whole text where there is none; the tag <answer> only where the box is empty or never closed.
std::optional<std::string> d1_answer(const std::string& response) {
  static const Pattern tag("<answer>(.*?)</answer>", {.dot_all = true});
  const auto box = d1_last_box(response);
  if (box && !box->empty()) return box;
  if (const auto found = tag.search(response)) return std::string(strip(*found->groups[1]));
  return box;
}

Scored d1(const json& document, const std::string& response) {
  const auto answer = d1_answer(response);
  const bool equal = answer && hendrycks_equal(*answer, document_text(document, "answer"));
  return {.answer = answer ? json(*answer) : json(), .score = equal ? 1.0 : 0.0};
}

// What the few-shot examples' last sentence says. The harness puts the sentence's end behind every response, so that
// one which was cut right before it counts; its dots stand for any character but a line end.
std::string minerva_answer(const std::string& response) {
  static const Pattern sentence("Final Answer: The final answer is(.*?). I hope it is correct.");
  const auto found = sentence.search(response + "I hope it is correct.");
  return found ? std::string(strip(*found->groups[1])) : "[invalidanswer]";
}

// The normalised texts as SymPy reads them; without it, the texts themselves. SymPy fails some texts that are equal,
// which it cannot read or subtract: tuples and matrices.
Scored minerva(const json& document, const std::string& response) {
  const std::string answer = minerva_normalised(minerva_answer(response)),
                    gold = minerva_normalised(document_text(document, "answer"));
  const auto decided = sympy_equal(answer, gold);
  return {.answer = answer,
          .score = decided.value_or(answer == gold) ? 1.0 : 0.0,
          .parts = {{"string_equal", answer == gold}, {"gold_normalised", gold}, {"by_algebra", decided.has_value()}}};
}

Scored math_verify(const json& document, const std::string& response) {
  const auto equal = math_verify_equal(response, document_text(document, "solution"));
  return {.answer = {},
          .score = equal ? std::optional(*equal ? 1.0 : 0.0) : std::nullopt,
          .parts = {{"by_algebra", equal.has_value()}}};
}

}  // namespace

std::vector<Scorer> math_scorers() {
  return {
      {"lm-eval/minerva_math500/exact_match", "the answer of the closing sentence, normalised, equal by SymPy",
       minerva},
      {"lm-eval/minerva_math500/math_verify", "any answer that math-verify finds worth the solution's", math_verify},
      {"lm-eval/hendrycks_math500", "the text from the first dollar to the last, normalised", hendrycks},
      {"d1/math500", "the last box, else the whole text, normalised", d1}};
}

}  // namespace freeact
