// Sources: open-compass/VLMEvalKit e8e78f05, OCRBench of vlmeval/dataset/image_vqa.py;
// EvolvingLMMs-Lab/lmms-eval 75571cfe, lmms_eval/tasks/ocrbench/utils.py.
#include <map>

#include "scoring/document_texts.h"
#include "scoring/python_text.h"
#include "scoring/rules.h"
#include "tokenizer/unicode.h"
#include "util/error.h"
#include "util/text.h"

namespace freeact {
namespace {

using nlohmann::json;
using Normaliser = std::string (*)(const std::string&);

constexpr const char* kFormulas = "Handwritten Mathematical Expression Recognition";

// Formulas keep their case, but no blank.
std::string formula(const std::string& text) {
  return replace_all(replace_all(strip(text), "\n", ""), " ", "");
}

std::string plain(const std::string& text) {
  return replace_all(strip(python_lower(text)), "\n", " ");
}

// Full-width letters and marks of ASCII, and the blank of their width, as ASCII's own.
std::string with_narrow_letters(std::string_view text) {
  constexpr char32_t kFirst = 0xFF01, kLast = 0xFF5E, kBlank = 0x3000;
  std::string narrow;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (point.valid && point.value >= kFirst && point.value <= kLast)
      narrow += static_cast<char>(point.value - kFirst + '!');
    else
      narrow += point.valid && point.value == kBlank ? " " : text.substr(0, point.length);
    text.remove_prefix(point.length);
  }
  return narrow;
}

std::string plain_and_narrow(const std::string& text) {
  return plain(with_narrow_letters(text));
}

// Whether the response has one of the answers in it, be it inside of a longer word.
Scored containment(const json& document, const std::string& response, Normaliser normalised) {
  const std::string text = normalised(response);
  bool contained = false;
  for (const auto& answer : document_texts(document, "answers"))
    contained = contained || text.find(normalised(answer)) != std::string::npos;
  return {.answer = response, .score = contained ? 1.0 : 0.0};
}

Scored vlmevalkit_score(const json& document, const std::string& response) {
  return containment(document, response, document_text(document, "type") == kFormulas ? formula : plain);
}

Scored lmms_eval_score(const json& document, const std::string& response) {
  const bool is_formula = document_text(document, "dataset_name") == "HME100k";
  return containment(document, response, is_formula ? formula : plain_and_narrow);
}

// Six of the ten types are one heading.
const std::string& heading_of(const std::string& type) {
  static const std::string recognition = "Text Recognition";
  static const std::map<std::string, std::string> headings = {
      {"Regular Text Recognition", recognition},
      {"Irregular Text Recognition", recognition},
      {"Artistic Text Recognition", recognition},
      {"Handwriting Recognition", recognition},
      {"Digit String Recognition", recognition},
      {"Non-Semantic Text Recognition", recognition},
      {"Scene Text-centric VQA", "Scene Text-centric VQA"},
      {"Doc-oriented VQA", "Doc-oriented VQA"},
      {"Key Information Extraction", "Key Information Extraction"},
      {kFormulas, kFormulas}};
  const auto found = headings.find(type);
  if (found == headings.end()) throw UserError("OCRBench has no questions of the type '{}'", type);
  return found->second;
}

constexpr int kQuestions = 1000;  // of the whole benchmark: both harnesses divide by it, however many were asked

json vlmevalkit_pooled(const std::vector<ScoredItem>& items) {
  json sums = {{"Text Recognition", 0},
               {"Scene Text-centric VQA", 0},
               {"Doc-oriented VQA", 0},
               {"Key Information Extraction", 0},
               {kFormulas, 0}};
  int all = 0;
  for (const auto& item : items) {
    const int right = *item.scored.score > 0 ? 1 : 0;
    auto& sum = sums.at(heading_of(document_text(item.document, "type")));
    sum = sum.get<int>() + right;
    all += right;
  }
  sums["Final Score"] = all;
  sums["Final Score Norm"] = 100.0 * all / kQuestions;
  return sums;
}

json lmms_eval_pooled(const std::vector<ScoredItem>& items) {
  double right = 0;
  for (const auto& item : items) right += *item.scored.score;
  return {{"accuracy", right / kQuestions}};
}

}  // namespace

std::vector<Scorer> ocrbench_scorers() {
  return {{"vlmevalkit/ocrbench", "whether an answer lies in the text, case folded; of formulas without blanks",
           vlmevalkit_score},
          {"lmms-eval/ocrbench",
           "whether an answer lies in the text, case and full-width letters folded; of formulas "
           "without blanks",
           lmms_eval_score}};
}

std::vector<Pooling> ocrbench_poolings() {
  return {{"vlmevalkit/ocrbench", "right answers by type and in all", vlmevalkit_pooled},
          {"lmms-eval/ocrbench", "right answers over the 1000 questions of the whole benchmark", lmms_eval_pooled}};
}

}  // namespace freeact
