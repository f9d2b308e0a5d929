#include "eval/answer_scores.h"

#include "scoring/scorer.h"

namespace freeact {

double score_answer(const std::string& metric, const std::string& given, const std::string& right) {
  if (metric != "relaxed_accuracy") return given == right ? 1 : 0;
  static const Scorer& relaxed = find_scorer("vlmevalkit/chartqa");
  return relaxed.score({{"answer", right}}, given).score.value_or(0);
}

}  // namespace freeact
