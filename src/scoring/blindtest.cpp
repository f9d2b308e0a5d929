// Source: EvolvingLMMs-Lab/lmms-eval 75571cfe, lmms_eval/tasks/vlmsareblind/utils.py.
#include <map>

#include "scoring/pattern.h"
#include "scoring/python_text.h"
#include "scoring/rules.h"
#include "tokenizer/unicode.h"

namespace freeact {
namespace {

using nlohmann::json;
using Answer = std::optional<std::string>;

std::string stripped_lower(const std::string& text) {
  return python_lower(strip(text));
}

std::string task_of(const json& document) {
  return python_lower(document_text(document, "lmms_eval_task"));
}

Answer first_group(const Pattern& pattern, const std::string& response) {
  const auto found = pattern.search(response);
  return found ? found->groups[1] : std::nullopt;
}

// {3}{4}, else (3, 4), else rows={3} columns={4}.
Answer pair(const std::string& response) {
  static const std::vector<Pattern> shapes = {Pattern(R"(\{(\d+)\}\s*\{(\d+)\})"), Pattern(R"(\((\d+)\s*,\s*(\d+)\))"),
                                              Pattern(R"(rows=\{(\d+)\}\scolumns=\{(\d+)\})")};
  for (const Pattern& shape : shapes)
    if (const auto found = shape.search(response)) return *found->groups[1] + "," + *found->groups[2];
  return std::nullopt;
}

// A number may lie inside of another text or number; a verdict may not.
Answer answer_of(const std::string& task, const std::string& response) {
  static const Pattern number(R"((\d+))"), letter("([a-z])"),
      counted(
          "line plot intersections|subway connections|"
          "olympic counting - circles|"
          "olympic counting - pentagons|nested squares");
  if (task == "touching circles") return response == "yes" || response == "no" ? Answer(response) : std::nullopt;
  if (task == "circled letter") return first_group(letter, response);
  if (task.starts_with("counting grid")) return pair(response);
  return counted.full_match(task) ? first_group(number, response) : std::nullopt;
}

Scored score(const json& document, const std::string& response) {
  const Answer answer = answer_of(task_of(document), stripped_lower(response));
  const bool right = answer == stripped_lower(document_text(document, "answer"));
  return {.answer = answer ? json(*answer) : json(), .score = right ? 1.0 : 0.0};
}

struct Share {
  double right = 0, all = 0;
  void add(double score) {
    right += score;
    ++all;
  }
  double value() const { return all == 0 ? 0 : right / all; }
};

// A task without a right answer is left out, of the mean of tasks too. Both kinds of grids are one task.
json by_task(const std::map<std::string, Share>& tasks) {
  json shares;
  Share mean;
  for (const auto& [task, share] : tasks) {
    if (share.right == 0) continue;
    shares[task] = share.value();
    mean.add(share.value());
  }
  shares["task_mean"] = mean.value();
  return shares;
}

json pooled(const std::vector<ScoredItem>& items) {
  std::map<std::string, Share> tasks;
  Share accuracy;
  for (const auto& item : items) {
    const std::string task = task_of(item.document);
    const bool grid = task == "counting grid - blank grids" || task == "counting grid - word grids";
    tasks[grid ? "counting grid" : task].add(*item.scored.score);
    accuracy.add(*item.scored.score);
  }
  return {{"accuracy", accuracy.value()}, {"by_task", by_task(tasks)}};
}

}  // namespace

std::vector<Scorer> blindtest_scorers() {
  return {{"lmms-eval/blindtest", "the first number; of grids a pair in brackets; of touching circles the whole text",
           score}};
}

std::vector<Pooling> blindtest_poolings() {
  return {{"lmms-eval/blindtest", "accuracy, and that of each task and their mean, without tasks that are all wrong",
           pooled}};
}

}  // namespace freeact
