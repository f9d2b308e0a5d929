// What adapting gains on a stream of data, measured block by block. Every window is measured before anything is learnt
// from it, so that no arm is scored on what it has adapted to.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "calibration/driver.h"
#include "method/freeact/adaptive.h"

namespace freeact {

// One way to go on after calibration: neither is refreshed, or means, or directions past the threshold, or both.
struct AdaptiveArm {
  std::string name;
  bool means = false, directions = false;
};
// "frozen" and what a method can refresh that keeps means, directions or both: "means", "directions",
// "means+directions".
std::vector<AdaptiveArm> adaptive_arms(bool has_means, bool has_directions);

struct StreamSettings {
  std::vector<AdaptiveArm> arms;
  double decay = 0.5;       // weight of all that was seen before, at every window
  double threshold = 0.25;  // of AdaptiveSite::refresh_directions()
  BranchDirections directions = BranchDirections::kEnergy;
};

struct StreamError {
  size_t arm = 0;  // index into StreamSettings::arms
  int window = 0;
  SiteError error;
  Drift drift;  // of that site and type, once the window is learnt and before directions are refreshed
};

// The sites of one calibrated block on the windows [window][batch], whose inputs are the block's full-precision ones,
// as those of the calibration batches. Errors are measured as measure_site_errors() does.
std::vector<StreamError> run_stream(const CalibratedBlock& block, const std::vector<BlockBatch>& calibration,
                                    const std::vector<std::vector<BlockBatch>>& windows, const DecoderConfig& config,
                                    const StreamSettings& settings);

}  // namespace freeact
