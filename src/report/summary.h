// What the reader must know before the tables: provenance, findings, caveats.
#pragma once

#include <string>
#include <vector>

#include "report/analysis.h"
#include "report/comparison.h"

namespace freeact {

std::vector<std::string> provenance(const std::vector<Run>& runs);

// FreeAct against FlatQuant in words, whichever way it went.
std::vector<std::string> findings(const Setting& setting, const std::vector<Comparison>& comparisons);

// Limits of these data: bit widths, seeds, items, mixed versions, what is missing.
std::vector<std::string> caveats(const std::vector<Run>& runs, const std::vector<Setting>& settings);

}  // namespace freeact
