// Trains a block and freezes it, whatever happens: the result is finite, or known not to be, and a log says what was
// done. Warnings of transforms that are nearly singular come from here.
#pragma once

#include <optional>
#include <vector>

#include "calibration/learning.h"

namespace freeact {

// Freezes a block at its present parameters. Nothing when any number in it is not finite, or a matrix of it has no
// inverse.
std::optional<CalibratedBlock> freeze_if_finite(const LearnedBlock& learned);

// The block after training, at its start where the trained one is not finite, or nothing where that is not either; and
// how it went.
struct GuardedTraining {
  std::optional<CalibratedBlock> block;
  BlockTrainingLog log;
};
GuardedTraining train_guarded(const LearnedBlock& learned, const std::vector<BlockBatch>& batches,
                              const DecoderConfig& config, const LearningSettings& settings);

// The numbers of a trace that a log keeps; the rest is the caller's to fill.
BlockTrainingLog log_of(const TrainingTrace& trace, int64_t layer);

}  // namespace freeact
