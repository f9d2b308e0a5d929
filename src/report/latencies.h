// Measured times as a table.
#pragma once

#include <optional>
#include <vector>

#include "report/document.h"
#include "store/latency.h"

namespace freeact {

// Nothing without rows.
std::optional<Table> latency_table(const std::vector<LatencyRow>& rows);
// A line for each opponent that a row was held against. Nothing without any.
std::optional<Table> latency_goal_table(const std::vector<LatencyRow>& rows);

}  // namespace freeact
