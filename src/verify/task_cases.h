// Holds the scoring rules against cases that the benchmarks' harnesses scored (NAME.jsonl, a case a line).
#pragma once

#include <filesystem>

#include "verify/check.h"

namespace freeact {

// Whether the folder holds files of JSON lines.
bool is_task_folder(const std::filesystem::path& folder);

void verify_task_cases(const std::filesystem::path& folder, const Filter& filter, CheckReport& report);

}  // namespace freeact
