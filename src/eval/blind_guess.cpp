#include "eval/blind_guess.h"

#include <algorithm>
#include <map>

#include "eval/answer_scores.h"
#include "eval/scoring.h"

namespace freeact {
namespace {

using Counts = std::map<std::string, int64_t>;

// How often each question had each answer.
struct Guesser {
  std::map<std::string, Counts> by_question;
  Counts overall;

  explicit Guesser(const DatasetPart& source) {
    for (const TaskItem& item : source.items) {
      ++by_question[item.input][item.answer];
      ++overall[item.answer];
    }
  }
  const std::string& guess(const std::string& question) const {
    const auto found = by_question.find(question);
    const Counts& counts = found == by_question.end() ? overall : found->second;
    return std::max_element(counts.begin(), counts.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; })
        ->first;
  }
};

}  // namespace

std::optional<std::filesystem::path> guess_source(const DatasetPart& part) {
  if (part.folder.empty() || !has_images(part)) return std::nullopt;
  for (const char* file : {"train.jsonl", "calibration.jsonl"})
    if (std::filesystem::exists(part.folder / file)) return part.folder / file;
  return std::nullopt;
}

std::optional<MetricValue> blind_guess(const std::vector<DatasetPart>& parts, const std::string& metric) {
  std::vector<double> scores;
  for (const DatasetPart& part : parts) {
    const auto source = guess_source(part);
    if (!source) continue;
    const Guesser guesser(read_dataset(part.folder, "", source->stem().string()).front());
    for (const TaskItem& item : part.items)
      scores.push_back(score_answer(metric, guesser.guess(item.input), item.answer));
  }
  if (scores.empty()) return std::nullopt;
  return percentage("blind_guess", scores);
}

}  // namespace freeact
