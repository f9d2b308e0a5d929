// One output of ours beside a reference's.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "scoring/reference_cases.h"

namespace freeact {

// Passes when both are the same JSON, numbers but for rounding.
CaseCheck compared(const std::string& case_name, const std::string& output, const nlohmann::json& ours,
                   const nlohmann::json& reference);

}  // namespace freeact
