// Pictures of test items with every method's answer.
#pragma once

#include <vector>

#include "report/analysis.h"
#include "report/document.h"

namespace freeact {

// One for each task whose runs kept items; of each arm the answer of its first seed that has one.
std::vector<Gallery> galleries(const Setting& setting);

}  // namespace freeact
