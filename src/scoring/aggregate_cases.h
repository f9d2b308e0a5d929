// The totals over a file of cases, as the harnesses report them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "scoring/reference_cases.h"
#include "scoring/scorer.h"

namespace freeact {

// The items of each scorer, in the order of the file.
using ItemsOfRules = std::map<std::string, std::vector<ScoredItem>>;

// A case of the kind "aggregate": "metrics" by harness, by filter (mean and standard error) or as one pooling gives
// them.
std::vector<CaseCheck> check_aggregate(const nlohmann::json& a_case, const ItemsOfRules& items);

}  // namespace freeact
