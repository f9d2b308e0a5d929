// Pictures of test items with every method's answer.
#pragma once

#include <vector>

#include "report/analysis.h"
#include "report/document.h"

namespace freeact {

// One for each task whose runs kept items; of each arm the answer of its first seed that has one.
std::vector<Gallery> galleries(const Setting& setting);

// What a share of a right answer is worth; a score outside [0, 1] has no mark.
Mark mark_of(double score);

}  // namespace freeact
