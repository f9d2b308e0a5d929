// Groups of rotated MMBench questions among the cases.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "scoring/reference_cases.h"

namespace freeact {

// A case of the kind "circular": "rotations", each a document with the model's answer as "prediction", and the score of
// the whole group by harness.
std::vector<CaseCheck> check_circular(const nlohmann::json& a_case);

}  // namespace freeact
