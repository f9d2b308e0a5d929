#include "scoring/circular_cases.h"

#include "scoring/compared.h"
#include "scoring/scorer.h"

namespace freeact {

std::vector<CaseCheck> check_circular(const nlohmann::json& a_case) {
  std::vector<CaseCheck> checks;
  for (const auto& [harness, score] : a_case.at("score").items()) {
    const std::string rule = harness + "/" + a_case.at("task").get<std::string>();
    std::vector<ScoredItem> items;
    for (const auto& rotation : a_case.at("rotations")) {
      const std::string response = document_text(rotation, "prediction");
      items.push_back({rotation, response, find_scorer(rule).score(rotation, response)});
    }
    checks.push_back(compared(a_case.at("case"), rule + " group", find_pooling(rule).pool(items), score));
  }
  return checks;
}

}  // namespace freeact
