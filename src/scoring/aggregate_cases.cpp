#include "scoring/aggregate_cases.h"

#include <cmath>

#include "scoring/compared.h"
#include "util/error.h"

namespace freeact {
namespace {

using nlohmann::json;

bool has_pooling(const std::string& name) {
  for (const Pooling& pooling : poolings())
    if (pooling.name == name) return true;
  return false;
}

// "docvqa+infovqa" -> {"docvqa", "infovqa"}
std::vector<std::string> tasks_of(const std::string& joined) {
  std::vector<std::string> tasks;
  for (size_t begin = 0; begin <= joined.size();) {
    const size_t end = std::min(joined.find('+', begin), joined.size());
    tasks.push_back(joined.substr(begin, end - begin));
    begin = end + 1;
  }
  return tasks;
}

// What a case says in words of its items alone.
void prepare(const std::string& over, std::vector<ScoredItem>& items) {
  constexpr const char* kCategories[] = {"random", "popular", "adversarial"};
  if (over.find("k mod 3") != std::string::npos)
    for (size_t k = 0; k < items.size(); ++k) items[k].document["category"] = kCategories[k % 3];
  if (over.find("non-empty answer") != std::string::npos)
    std::erase_if(items, [](const ScoredItem& item) {
      const auto answers = item.document.find("answers");
      return answers == item.document.end() || *answers == "" || *answers == json::array();
    });
}

std::vector<ScoredItem> items_of(const ItemsOfRules& items, const std::string& harness, const std::string& task) {
  std::vector<ScoredItem> all;
  for (const auto& one : tasks_of(task))
    if (const auto found = items.find(harness + "/" + one); found != items.end())
      all.insert(all.end(), found->second.begin(), found->second.end());
  return all;
}

// Only what the case states: a pooling may tell more.
json restricted(const json& ours, const json& reference) {
  if (!ours.is_object() || !reference.is_object()) return ours;
  json kept = json::object();
  for (const auto& [key, value] : reference.items())
    if (ours.contains(key)) kept[key] = restricted(ours.at(key), value);
  return kept;
}

CaseCheck check_pooling(const json& a_case, const std::string& name, std::vector<ScoredItem> items,
                        const json& reference) {
  prepare(a_case.value("over", ""), items);
  const json ours = find_pooling(name).pool(items);
  return compared(a_case.at("case"), name + " over all", restricted(ours, reference), reference);
}

// Whether a rule's scores are those of a filter: HARNESS/TASK/FILTER, or HARNESS/TASK where there are no filters.
bool is_of_filter(const std::string& rule, const std::string& filter) {
  return rule.ends_with("/" + filter) || rule.find('/') == rule.rfind('/');
}

// The mean of a filter's scores over all tasks of the file, and its standard error.
json mean_of_filter(const ItemsOfRules& items, const std::string& filter) {
  std::vector<double> scores;
  for (const auto& [rule, scored] : items)
    if (is_of_filter(rule, filter))
      for (const auto& item : scored) scores.push_back(item.scored.score.value_or(0));
  double sum = 0, squares = 0;
  for (const double score : scores) sum += score;
  const auto n = static_cast<double>(scores.size());
  for (const double score : scores) squares += (score - sum / n) * (score - sum / n);
  return {{"n", scores.size()}, {"mean", sum / n}, {"stderr", std::sqrt(squares / (n - 1) / n)}};
}

// The one scorer of the file that has a pooling.
std::vector<CaseCheck> check_only_pooling(const json& a_case, const ItemsOfRules& items) {
  for (const auto& [rule, scored] : items)
    if (has_pooling(rule)) return {check_pooling(a_case, rule, scored, a_case.at("metrics"))};
  throw UserError("no scorer of the file has a pooling");
}

}  // namespace

std::vector<CaseCheck> check_aggregate(const json& a_case, const ItemsOfRules& items) {
  std::vector<CaseCheck> checks;
  const std::string task = a_case.value("task", ""), first = tasks_of(task).front();
  for (const auto& [key, reference] : a_case.at("metrics").items()) {
    if (!task.empty() && has_pooling(key + "/" + first))
      checks.push_back(check_pooling(a_case, key + "/" + first, items_of(items, key, task), reference));
    else if (reference.is_object() && reference.contains("stderr"))
      checks.push_back(compared(a_case.at("case"), key + " over all", mean_of_filter(items, key), reference));
    else
      return check_only_pooling(a_case, items);
  }
  return checks;
}

}  // namespace freeact
