#pragma once

#include <vector>

#include "store/record.h"

namespace freeact {

// What two runs of one model have alike.
inline std::vector<Sample> without_times(std::vector<Sample> samples) {
  for (Sample& sample : samples)
    if (sample.details) sample.details->seconds = 0;
  return samples;
}

}  // namespace freeact
