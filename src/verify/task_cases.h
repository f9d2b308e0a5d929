// Holds the scoring rules and the tasks' prompts against cases that the benchmarks' harnesses made (NAME.jsonl, a case
// a line).
#pragma once

#include <filesystem>

#include "verify/check.h"

namespace freeact {

// Whether the folder holds files of JSON lines.
bool is_task_folder(const std::filesystem::path& folder);

// datasets: the folder of the project's tasks.
void verify_task_cases(const std::filesystem::path& folder, const std::filesystem::path& datasets, const Filter& filter,
                       CheckReport& report);

}  // namespace freeact
