// Holds the scorers against cases that the harnesses' own code scored: files of JSON lines, a case a line.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace freeact {

// One thing that a case states.
struct CaseCheck {
  std::string case_name;  // "gsm8k-000"
  std::string output;     // "lm-eval/gsm8k/strict-match score"
  nlohmann::json ours, reference;
  bool passed = false;
  std::string note;  // why it failed
};

// Every case of the file: its text behind the stops, and the answer and the score by every rule it names; aggregates
// over the file by the poolings. A case that nothing here understands is one failed check. Throws UserError where the
// file cannot be read.
std::vector<CaseCheck> check_task_cases(const std::filesystem::path& file);

}  // namespace freeact
