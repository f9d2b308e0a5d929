// How the training of one block went: what is kept beside the block, recorded with the run and shown.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "quant/site.h"

namespace freeact {

// Errors are relative squared errors as SiteError's, mean over token types, over the first calibration batch.
struct SiteTrainingLog {
  SiteId site = SiteId::kAttentionQkv;
  double error_before = 0, error_after = 0;  // of the rounded site; NaN: not finite
  double condition = 1;                      // of the site's whole transform in the end: the product over its factors
  double inverse_deviation = 0;              // largest |T T^-1 - I| over the factors

  bool operator==(const SiteTrainingLog&) const = default;
};

struct BlockTrainingLog {
  int64_t layer = 0;
  std::string precision;                // "float32" or "bfloat16", of the products that led to the end
  int64_t epochs = 0;                   // that led to the end; fewer than asked for: stopped early or fell back
  int64_t rescues = 0;                  // times the training went back and halved its learning rate
  bool stopped_early = false;           // by method.patience
  double loss_start = 0, loss_end = 0;  // of the first batch; NaN: not finite
  std::vector<double> epoch_losses;     // mean over the steps of each epoch
  std::vector<SiteTrainingLog> sites;   // empty where only clips are trained
  std::vector<std::string> warnings;    // a line each

  bool operator==(const BlockTrainingLog&) const = default;
};

// JSON and back, all bits of every number kept. from_text throws std::exception on a broken text.
std::string to_text(const BlockTrainingLog& log);
BlockTrainingLog training_log_from_text(const std::string& text);

}  // namespace freeact
