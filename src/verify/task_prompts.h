// Holds the prompts of the benchmark tasks against those that the harnesses built.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "scoring/reference_cases.h"

namespace freeact {

struct SkippedCase {
  std::string case_name, why;
};

struct PromptChecks {
  std::vector<CaseCheck> checks;
  std::vector<SkippedCase> skipped;  // what they need is not imported
};

// Every case of the file that has a prompt: the text behind the chat template, the messages and which examples stand in
// front. `datasets` holds the tasks (task.yaml); the documents of text tasks lie in ../../datasets beside the folder of
// the cases, those about images in the cases themselves. Throws UserError where the file cannot be read.
PromptChecks check_task_prompts(const std::filesystem::path& file, const std::filesystem::path& datasets);

}  // namespace freeact
