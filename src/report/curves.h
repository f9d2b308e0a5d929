// Sweeps of one number as curves.
#pragma once

#include <vector>

#include "report/analysis.h"
#include "report/document.h"

namespace freeact {

// For each key of the configuration that methods of a setting differ in, all else equal, and that has three values or
// more: the columns that sum the setting up and the layer error against it. FlatQuant is drawn beside it as a level.
std::vector<Figure> sweep_figures(const Setting& setting);

// The same against the bit width, for each model that an experiment ran at three bit widths or more.
std::vector<Figure> bit_figures(const std::vector<Setting>& settings);

}  // namespace freeact
