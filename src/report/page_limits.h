// What the page of a large database leaves to the files beside it. The page says so wherever it does.
#pragma once

#include "report/document.h"

namespace freeact {

// Figures beyond the first 6 MiB become links to figures/NAME.svg; a table with more than 2 MiB of tooltips, as the
// configurations of thousands of runs are, loses them.
ReportDocument within_limits(ReportDocument document);

}  // namespace freeact
