#include "scoring/scorer.h"

#include "scoring/rules.h"
#include "util/error.h"
#include "util/suggest.h"

namespace freeact {
namespace {

template <typename T>
std::vector<T> joined(const std::vector<std::vector<T>>& parts) {
  std::vector<T> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

template <typename T>
const T& find(const char* kind, const std::vector<T>& all, const std::string& name) {
  std::vector<std::string> known;
  for (const T& one : all) {
    if (one.name == name) return one;
    known.push_back(one.name);
  }
  throw UserError(unknown_name(kind, name, known));
}

}  // namespace

const std::vector<Scorer>& scorers() {
  static const std::vector<Scorer> all =
      joined<Scorer>({gsm8k_scorers(), sudoku_scorers(), countdown_scorers(), code_scorers(), pope_scorers(),
                      mme_scorers(), ocrbench_scorers(), blindtest_scorers(), textvqa_scorers(), chartqa_scorers(),
                      docvqa_scorers(), multiple_choice_scorers(), mmmu_open_scorers(), math_scorers()});
  return all;
}

const std::vector<Pooling>& poolings() {
  static const std::vector<Pooling> all =
      joined<Pooling>({sudoku_poolings(), countdown_poolings(), pope_poolings(), mme_poolings(), ocrbench_poolings(),
                       blindtest_poolings(), chartqa_poolings(), docvqa_poolings(), multiple_choice_poolings()});
  return all;
}

const Scorer& find_scorer(const std::string& name) {
  return find("scorer", scorers(), name);
}

const Pooling& find_pooling(const std::string& name) {
  return find("pooling", poolings(), name);
}

const nlohmann::json& document_value(const nlohmann::json& document, const std::string& key) {
  const auto found = document.find(key);
  if (found == document.end()) throw UserError("the document lacks '{}', which the scorer reads", key);
  return *found;
}

std::string document_text(const nlohmann::json& document, const std::string& key) {
  const auto& value = document_value(document, key);
  if (!value.is_string()) throw UserError("'{}' of the document must be a text, but is {}", key, value.dump());
  return value.get<std::string>();
}

}  // namespace freeact
