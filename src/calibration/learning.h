// Training one block: what FlatQuant and FreeAct share.
#pragma once

#include <functional>
#include <vector>

#include "calibration/closed_form_start.h"
#include "calibration/driver.h"
#include "calibration/learned_block.h"
#include "calibration/trainer.h"

namespace freeact {

enum class LossKind {
  kBlock,          // mean squared error of the block's output (FlatQuant)
  kTypes,          // the same per token type, summed (FreeAct)
  kTypesRelative,  // the same, each type's divided by its mean squared output, so that rare and small ones count
};
LossKind parse_loss(const std::string& name);  // "block", "types" or "types_relative"; UserError otherwise

Precision parse_precision(const std::string& name);  // "float32" or "bfloat16"; UserError otherwise

enum class MeanKind { kNone, kGlobal, kType };
MeanKind parse_mean(const std::string& name);  // "none", "global" or "type"; UserError otherwise

struct LearningSettings {
  LearnedSettings block;
  TrainerSettings trainer;
  LossKind loss = LossKind::kBlock;
  MeanKind mean = MeanKind::kNone;
  TransformStart start = TransformStart::kRandom;
  // Once means and a low-energy start are set, before a closed-form start; may be null.
  std::function<void(const LearnedBlock&)> before_training;
};

// Trains a block that make_learned_block made, towards the full-precision outputs. Products in bfloat16 give way to
// float32 at the first rescue.
TrainingTrace train_block(const LearnedBlock& learned, const std::vector<BlockBatch>& batches,
                          const DecoderConfig& config, const LearningSettings& settings,
                          const StepObserver& on_step = nullptr);

// All of it: maxima, start, training, freezing; the result's training says how it went. Whatever happens in training,
// the block that comes out is finite: where the trained one is not, it is the block at its start, and where that is not
// either, one that is rounded without transforms; the log then holds a warning.
CalibratedBlock learn_block(const Block& block, const std::vector<BlockBatch>& batches, const DecoderConfig& config,
                            const QuantSpec& spec, const LearningSettings& settings, uint64_t seed);

}  // namespace freeact
