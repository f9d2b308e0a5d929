// How the training of a method's blocks went, as a run records it; see calibration/training_log.h for the definitions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace freeact {

struct SiteTraining {
  std::string site;
  double error_before = 0, error_after = 0;  // relative, on the first calibration batch
  double condition = 1;                      // of the site's transform in the end
  double inverse_deviation = 0;              // largest |T T^-1 - I|

  bool operator==(const SiteTraining&) const = default;
};

struct BlockTraining {
  int layer = 0;
  std::string precision;  // "float32", "bfloat16"
  int64_t epochs = 0;
  int64_t rescues = 0;
  bool stopped_early = false;
  double loss_start = 0, loss_end = 0;  // of the first batch
  std::vector<double> epoch_losses;
  std::vector<SiteTraining> sites;
  std::vector<std::string> warnings;

  bool operator==(const BlockTraining&) const = default;
};

}  // namespace freeact
