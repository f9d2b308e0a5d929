// One stream: two calibrations, on the data of either side of the shift, and the windows of both between them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/plan.h"
#include "method/freeact/adaptive_stream.h"
#include "run/cell_runner.h"
#include "store/stream.h"

namespace freeact {

struct StreamJob {
  Cell before, after;  // cells without a stream, calibrated on the data of either side of the shift
  StreamConfig stream;
  Json resolved;
  std::string key, label;
};

// Called as the work goes on.
using StreamNote = std::function<void(const std::string&)>;

// The ways to go on that a method leaves, by its resolved settings; "frozen" alone where it keeps nothing to refresh.
std::vector<AdaptiveArm> refreshable_arms(const Json& method);

// Calibrates on the earlier data and goes through the windows in every such way, then with a calibration on the later
// data ("recalibrated"). Windows are made of sequences that neither calibration learns from. Throws UserError when the
// data have too few.
StreamRecord run_stream_job(CellRunner& runner, const StreamJob& job, const StreamNote& note);

}  // namespace freeact
