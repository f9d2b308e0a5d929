// Sources: open-compass/VLMEvalKit e8e78f05, process_line of vlmeval/dataset/utils/vqa_eval.py;
// EvolvingLMMs-Lab/lmms-eval 75571cfe, lmms_eval/tasks/textvqa/utils.py.
#include <algorithm>

#include "scoring/document_texts.h"
#include "scoring/rules.h"
#include "scoring/vqa_text.h"

namespace freeact {
namespace {

using nlohmann::json;
using Normaliser = std::string (*)(const std::string&);

// The mean over annotators of how well the others bear the answer out: three that gave it do so in full.
double agreement(const std::string& answer, const std::vector<std::string>& annotators) {
  constexpr double kEnough = 3;
  const auto given = static_cast<double>(std::ranges::count(annotators, answer));
  double sum = 0;
  for (const auto& own : annotators) sum += std::min(1.0, (given - (own == answer ? 1 : 0)) / kEnough);
  return sum / static_cast<double>(annotators.size());
}

Scorer vqa_score(const std::string& name, const std::string& about, Normaliser normalised) {
  return {name, about, [normalised](const json& document, const std::string& response) {
            std::vector<std::string> annotators = document_texts(document, "answers");
            for (auto& answer : annotators) answer = normalised(answer);
            const std::string answer = normalised(response);
            return Scored{.answer = answer, .score = agreement(answer, annotators)};
          }};
}

}  // namespace

std::vector<Scorer> textvqa_scorers() {
  return {vqa_score("vlmevalkit/textvqa", "agreement with ten annotators, of texts in the form of VQA",
                    vlmevalkit_vqa_text),
          vqa_score("lmms-eval/textvqa", "agreement with ten annotators, of texts in Pythia's form of VQA: 's apart",
                    lmms_eval_vqa_text)};
}

}  // namespace freeact
