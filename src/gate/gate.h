// Holds what a database measured against a reference.
//
// A run is compared exactly, number by number, with the reference's run of the same seed where determinism is promised:
// the same settings and the same arithmetic, that is the same machine, and the same digits from the 16-bit model where
// both measured it. All others are compared by the mean over their seeds, which must lie in the metric's band.
#pragma once

#include <string>
#include <vector>

#include "gate/reference.h"

namespace freeact {

enum class Outcome {
  kHolds,
  kWorse,     // left its band for the worse
  kBetter,    // left its band for the better: nobody claimed that, so it fails until the reference is made anew
  kChanged,   // in its band, but not the reference's number though it was promised
  kMissing,   // of the reference, not measured
  kSettings,  // the arm was run with other settings than the reference's
  kNew,       // measured, not of the reference; no failure
  kUnjudged,  // the reference has one seed, and none to compare exactly; no failure
};

// One metric of one arm; of an arm that is missing, new or set otherwise, the arm as a whole.
struct Finding {
  ArmName arm;
  std::string metric;  // empty: the whole arm
  std::string unit;
  Outcome outcome = Outcome::kHolds;
  double reference = 0, value = 0;  // means over seeds; NaN where there is none
  Band band;                        // for as many seeds as were measured; unknown where nothing was held against it
  size_t seeds = 0;                 // measured
  size_t exact = 0;                 // of them compared exactly

  bool failed() const {
    return outcome != Outcome::kHolds && outcome != Outcome::kNew && outcome != Outcome::kUnjudged;
  }
  // "0.0312 -> 0.0411 (+31.7 %), band 0.0300 to 0.0325 over 2 seeds", or what is the matter
  std::string explanation() const;
};

// "holds", "worse", "better", "changed", "missing", "other settings", "new", "not judged"
std::string outcome_name(Outcome outcome);

struct GateResult {
  std::vector<Finding> findings;  // failed ones first, each part in order of arm and metric
  bool other_arithmetic = false;  // the machine is the reference's, but its 16-bit model gives other digits

  size_t count(Outcome outcome) const;
  size_t failed() const;
  // Metrics that were held against the reference.
  size_t compared() const;
  // "148 metrics of 6 arms hold, 2 worse, 1 new"
  std::string summary() const;
};

// always_bands: nothing is compared exactly, as on another machine. Throws UserError when reference and database share
// no arm, so that nothing could be compared.
GateResult hold_against(const Reference& reference, const std::vector<MeasuredArm>& measured,
                        bool always_bands = false);

}  // namespace freeact
