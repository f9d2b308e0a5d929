// Layer errors of every method against those of FlatQuant at the same seeds.
#pragma once

#include <optional>

#include "report/analysis.h"
#include "report/document.h"

namespace freeact {

// Nothing without FlatQuant or another method that shares a seed with it.
std::optional<Table> layer_ratio_table(const Setting& setting);

}  // namespace freeact
