// What the columns of a setting's tables are.
#pragma once

#include "report/analysis.h"

namespace freeact {

// Fills columns, groups, scores and subsets from the metrics of the setting's arms.
void add_columns(Setting& setting);

}  // namespace freeact
