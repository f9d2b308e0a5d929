// What a method's layer error is made of: what it drops, and the rounding of activations and of weights.
#pragma once

#include <optional>

#include "report/analysis.h"
#include "report/document.h"

namespace freeact {

// Nothing when no run measured the parts.
std::optional<Table> error_parts_table(const Setting& setting);
// The share of truncation by layer, site and token type; nothing when no method drops anything.
std::optional<Figure> truncation_figure(const Setting& setting);

}  // namespace freeact
