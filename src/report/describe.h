// One run as plain text for the terminal.
#pragma once

#include <string>

#include "store/record.h"

namespace freeact {

// Provenance, configuration, metrics and the sites with the largest errors.
std::string describe_run(const RunRecord& run);

}  // namespace freeact
