// The main table as a picture.
#pragma once

#include <optional>

#include "report/analysis.h"
#include "report/document.h"

namespace freeact {

// The columns that sum a setting up, and the layer error: every method with its intervals over seeds and over items.
// Nothing where there is but one method.
std::optional<Figure> main_figure(const Setting& setting);

}  // namespace freeact
