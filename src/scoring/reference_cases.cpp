#include "scoring/reference_cases.h"

#include <algorithm>
#include <map>
#include <sstream>

#include "scoring/aggregate_cases.h"
#include "scoring/circular_cases.h"
#include "scoring/compared.h"
#include "scoring/scorer.h"
#include "scoring/security_cases.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

CaseCheck not_understood(const std::string& name, const std::string& why) {
  return {.case_name = name, .output = "case", .ours = {}, .reference = {}, .note = why};
}

// What the scorer reads: the document of a case, or the few fields of cases that have none.
json document_of(const json& a_case) {
  json document = a_case.value("doc", json::object());
  if (const auto gold = a_case.find("gold"); gold != a_case.end() && gold->is_object())
    document.update(*gold);
  else if (gold != a_case.end())
    document["answer"] = *gold;
  if (a_case.contains("puzzle")) document["puzzle"] = a_case.at("puzzle");
  if (a_case.contains("tests")) document["test_list"] = a_case.at("tests");
  return document;
}

// The line of a data set's file for which `is_it(line, number)` holds, where the data sets lie beside the cases.
template <typename Fn>
json data_line(const fs::path& cases, const char* file, const Fn& is_it) {
  const fs::path data = cases.parent_path() / "../../datasets" / file;
  std::istringstream lines(read_file(data));
  int64_t number = 0;
  for (std::string line; std::getline(lines, line); ++number)
    if (json document = json::parse(line); is_it(document, number)) return document;
  throw UserError("{} lacks the document of a case", data.string());
}

// The document, of a data set's file where the case only names it.
json whole_document(const fs::path& cases, const json& a_case) {
  const std::string task = a_case.at("task");
  if (task.starts_with("humaneval"))
    return data_line(cases, "humaneval/HumanEval.jsonl", [&](const json& document, int64_t) {
      return document.value("task_id", json()) == a_case.at("task_id");
    });
  if (task.starts_with("minerva"))
    return data_line(cases, "math500/test.jsonl",
                     [&](const json&, int64_t number) { return number == a_case.at("doc_id").get<int64_t>(); });
  return document_of(a_case);
}

// What the project calls the harness of a case; security cases are attacks on the plain tasks.
std::string harness_of(const json& a_case) {
  const std::string name = a_case.value("harness", "");
  if (name.starts_with("Dream")) return "dream";
  if (name.starts_with("QDLM")) return "qdlm";
  return name.starts_with("none") ? "lm-eval" : name;
}

bool has_scorer(const std::string& name) {
  for (const Scorer& scorer : scorers())
    if (scorer.name == name) return true;
  return false;
}

// The rules that a case's scores are by: scorer -> the key of the case's scores and answers, "" where all of them are
// its.
std::map<std::string, std::string> rules_of(const json& a_case) {
  std::map<std::string, std::string> rules;
  const std::string harness = harness_of(a_case), task = a_case.at("task");
  const std::string whole = harness + "/" + task;
  for (const auto& [key, value] : a_case.at("score").items()) {
    if (harness.empty())
      rules[key.find('/') == std::string::npos ? key + "/" + task : key] = key;
    else if (has_scorer(whole + "/" + key))
      rules[whole + "/" + key] = key;
    else
      rules[whole] = "";
  }
  return rules;
}

json score_json(const Scored& scored) {
  return scored.score ? json(*scored.score) : json();
}

// One of several numbers of a rule: a part of it, else the score itself.
json number_of(const Scored& scored, const std::string& key) {
  return scored.parts.contains(key) ? scored.parts.at(key) : score_json(scored);
}

// What a case states of a comparison besides, where the scorer tells it too.
void check_parts(const std::string& rule, const json& a_case, const Scored& scored, std::vector<CaseCheck>& checks) {
  for (const char* key : {"gold_normalised", "string_equal"})
    if (a_case.contains(key) && scored.parts.contains(key))
      checks.push_back(compared(a_case.at("case"), rule + " " + key, scored.parts.at(key), a_case.at(key)));
}

void check_rule(const std::string& rule, const std::string& key, const json& a_case, const Scored& scored,
                std::vector<CaseCheck>& checks) {
  const std::string name = a_case.at("case");
  const json answers = a_case.value("extracted_answer", json::object()), scores = a_case.at("score");
  if (!key.empty()) {
    if (answers.contains(key)) checks.push_back(compared(name, rule + " answer", scored.answer, answers.at(key)));
    checks.push_back(compared(name, rule + " score", score_json(scored), scores.at(key)));
    return;
  }
  if (!answers.empty()) {
    const json answer = answers.size() == 1 ? answers.begin().value() : answers;
    checks.push_back(compared(name, rule + " answer", scored.answer, answer));
  }
  for (const auto& [score_key, value] : scores.items())
    checks.push_back(compared(name, rule + " " + score_key, number_of(scored, score_key), value));
}

std::string after_stops(const json& a_case) {
  return cut_at_stops(a_case.at("model_response").get<std::string>(),
                      a_case.value("stops", std::vector<std::string>()));
}

void check_case(const fs::path& file, const json& a_case, ItemsOfRules& items, std::vector<CaseCheck>& checks) {
  const std::string response = after_stops(a_case);
  if (a_case.contains("after_stops"))
    checks.push_back(compared(a_case.at("case"), "after_stops", response, a_case.at("after_stops")));
  const json document = whole_document(file, a_case);
  for (const auto& [rule, key] : rules_of(a_case)) {
    const Scorer& scorer = find_scorer(rule);
    if (a_case.value("kind", "") == "security") {
      std::ranges::move(check_security(a_case, scorer, document, response), std::back_inserter(checks));
      continue;
    }
    const Scored scored = scorer.score(document, response);
    check_rule(rule, key, a_case, scored, checks);
    check_parts(rule, a_case, scored, checks);
    items[rule].push_back({document, response, scored});
  }
}

}  // namespace

std::vector<CaseCheck> check_task_cases(const fs::path& file) {
  std::vector<CaseCheck> checks;
  ItemsOfRules items;
  std::istringstream lines(read_file(file));
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const json a_case = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (a_case.is_discarded()) throw UserError("{}:{}: is no line of JSON", file.string(), number);
    const std::string name = a_case.value("case", fmt::format("{}-line{}", file.stem().string(), number));
    try {
      const std::string kind = a_case.value("kind", "");
      if (kind == "aggregate")
        std::ranges::move(check_aggregate(a_case, items), std::back_inserter(checks));
      else if (kind == "circular")
        std::ranges::move(check_circular(a_case), std::back_inserter(checks));
      else if (!kind.empty() && kind != "security")
        checks.push_back(not_understood(name, "no rule for a case of the kind " + kind));
      else
        check_case(file, a_case, items, checks);
    } catch (const std::exception& error) {
      checks.push_back(not_understood(name, error.what()));
    }
  }
  return checks;
}

}  // namespace freeact
