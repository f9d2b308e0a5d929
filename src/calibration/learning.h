// Training one block: what FlatQuant and FreeAct share.
#pragma once

#include <vector>

#include "calibration/driver.h"
#include "calibration/learned_block.h"
#include "calibration/trainer.h"

namespace freeact {

enum class LossKind {
  kBlock,  // mean squared error of the block's output (FlatQuant)
  kTypes,  // the same per token type, summed (FreeAct)
};
LossKind parse_loss(const std::string& name);  // "block" or "types"; UserError otherwise

Precision parse_precision(const std::string& name);  // "float32" or "bfloat16"; UserError otherwise

enum class MeanKind { kNone, kGlobal, kType };
MeanKind parse_mean(const std::string& name);  // "none", "global" or "type"; UserError otherwise

struct LearningSettings {
  LearnedSettings block;
  TrainerSettings trainer;
  LossKind loss = LossKind::kBlock;
  MeanKind mean = MeanKind::kNone;
};

// Trains a block that make_learned_block made, towards the full-precision outputs.
TrainingTrace train_block(const LearnedBlock& learned, const std::vector<BlockBatch>& batches,
                          const DecoderConfig& config, const LearningSettings& settings,
                          const StepObserver& on_step = nullptr);

// All of it: maxima, random start, training, freezing.
CalibratedBlock learn_block(const Block& block, const std::vector<BlockBatch>& batches, const DecoderConfig& config,
                            const QuantSpec& spec, const LearningSettings& settings, uint64_t seed);

}  // namespace freeact
