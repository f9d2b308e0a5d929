// How answers become scores: each rule of each harness is a scorer with a name, HARNESS/TASK or HARNESS/TASK/FILTER.
// What a harness does is kept, its oddities included: a repaired rule would give other numbers than the published ones.
// Nothing here knows of models; a document is what a line of a benchmark's file says, as JSON.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace freeact {

struct Scored {
  nlohmann::json answer;        // what the rule took for the answer; null where it found none
  std::optional<double> score;  // in [0, 1]; nothing where the harness would draw at random
  nlohmann::json parts = {};    // what a metric that pools items needs besides: {"correct_cells": 8, "empty_cells": 8}
};

struct Scorer {
  std::string name;   // "lm-eval/gsm8k/strict-match"
  std::string about;  // the rule in a line
  // The response is cut at the task's stops already. Throws UserError when the document lacks what the rule reads.
  std::function<Scored(const nlohmann::json& document, const std::string& response)> score;
  bool runs_code = false;  // of the response, in the sandbox
};

// Behind the name of a scorer that runs code: the same without the sandbox, under limits of time and memory alone.
inline constexpr const char* kUnsandboxed = ", unsandboxed";

// An item with what a scorer made of it, and the metric over many that is no plain mean of scores.
struct ScoredItem {
  nlohmann::json document;
  std::string response;
  Scored scored;
};
struct Pooling {
  std::string name;   // "vlmevalkit/pope"; its items were scored by the scorer of the same name
  std::string about;  // the rule in a line
  std::function<nlohmann::json(const std::vector<ScoredItem>& items)> pool;
};

// All of them, by harness and task. Throws UserError naming the nearest one.
const std::vector<Scorer>& scorers();
const Scorer& find_scorer(const std::string& name);
const std::vector<Pooling>& poolings();
const Pooling& find_pooling(const std::string& name);

// The value of a document's key. Throws UserError naming a key that is missing or of another type.
const nlohmann::json& document_value(const nlohmann::json& document, const std::string& key);
std::string document_text(const nlohmann::json& document, const std::string& key);

}  // namespace freeact
