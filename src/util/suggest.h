// Near names for a misspelt one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace freeact {

// Number of single-character insertions, deletions and substitutions that turn a into b (Levenshtein).
int edit_distance(std::string_view a, std::string_view b);

// "no method 'freact'; did you mean 'freeact'? known: flatquant, freeact, rtn"
// kind is the noun ("method", "key"), where an optional place put in front ("experiments/quickstart.yaml:3: ").
std::string unknown_name(std::string_view kind, std::string_view name, const std::vector<std::string>& known,
                         std::string_view where = "");

}  // namespace freeact
