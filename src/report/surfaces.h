// Activation surfaces: |x| over tokens and channels, by token type, as every method's quantiser sees it.
#pragma once

#include <vector>

#include "report/analysis.h"
#include "report/document.h"

namespace freeact {

// One for each site and layer that runs kept surfaces of: methods side by side, token types below each other, on one
// colour scale. Of each arm the first seed that has one.
std::vector<Figure> surface_figures(const Setting& setting);

}  // namespace freeact
