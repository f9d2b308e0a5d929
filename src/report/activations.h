// What the activations of the 16-bit model look like, by site and token type.
#pragma once

#include <optional>
#include <vector>

#include "report/analysis.h"
#include "report/document.h"

namespace freeact {

// Those of a setting's runs that have statistics: one for each seed.
std::vector<const Run*> runs_with_activations(const Setting& setting);

// Nothing when no run has statistics.
std::optional<Table> activation_table(const Setting& setting);
std::optional<Figure> activation_figure(const Setting& setting);

}  // namespace freeact
