// What speed and memory cost in accuracy.
#pragma once

#include <optional>
#include <vector>

#include "report/analysis.h"
#include "report/document.h"
#include "store/latency.h"

namespace freeact {

// Average accuracy of each method against the time its answers took, of settings with runs that computed with integers;
// simulated quantisation has no speed to show. The 16-bit model is shown as it ran.
std::optional<Figure> method_pareto(const std::vector<Run>& runs, const std::vector<Setting>& settings);

// Average accuracy against RunRecord::model_bytes, of models that an experiment ran at several bit widths.
std::optional<Figure> size_pareto(const std::vector<Setting>& settings);

// Of benchmarks that measured accuracy: against the time of one unit, and against peak memory where that was measured.
std::vector<Figure> latency_paretos(const std::vector<LatencyRow>& rows);

}  // namespace freeact
