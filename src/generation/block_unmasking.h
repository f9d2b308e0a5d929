// The control flow all samplers of masked-diffusion models share: blocks from left to right, denoising steps in each,
// and their acceleration. Letters: B batch, L sequence length, M places that are predicted, V vocabulary rows.
#pragma once

#include <cstdint>

#include "generation/noise.h"
#include "generation/unmasking.h"

namespace freeact {

// The state of a block before one of its steps.
struct BlockStep {
  int64_t index = 0, count = 1;  // of the steps of this block
  at::Tensor masked_at_start_B;  // masked positions of the block before its first step
  at::Tensor open_BL;            // positions this step may write: masks up to the end of the block
};

// What a place would become, and the confidence to rank it by.
struct PlacePrediction {
  at::Tensor ids_M, confidence_M;
};

// What tells one sampler from another.
class UnmaskRule {
 public:
  virtual ~UnmaskRule() = default;
  // How many tokens [B] the schedule writes; where all are zero the step needs no forward pass.
  virtual at::Tensor counts(const BlockStep& step) const = 0;
  virtual PlacePrediction predict(const at::Tensor& logits_MV, const at::Tensor& places_M,
                                  const StepNoise& noise) const = 0;
  // The positions to write, bool [B, L]; what is not open does not count. confidence is -inf where nothing can be
  // written. By default the counts_B most confident.
  virtual at::Tensor choose(const at::Tensor& confidence_BL, const at::Tensor& counts_B, const BlockStep& step,
                            const StepNoise& noise) const;
};

struct BlockPlan {
  int64_t region = 0;        // column where the first block begins; masks before it compete with those of each block
  int64_t block_length = 0;  // divides L - region
  int64_t steps_per_block = 1;
  double cfg_scale = 0;
  Acceleration acceleration;
};

// Fills the masks of start from the region on. A step predicts only what it may write and needs no forward pass when it
// writes nothing; a block ends when no mask is left in it. With an observer and no acceleration every step runs and
// predicts all masks of the sequence instead, as the published samplers do. The tokens are the same either way, but for
// the rounding of products of other shapes.
at::Tensor unmask_blocks(const Decoder& model, const MaskedSequence& start, const BlockPlan& plan,
                         const UnmaskRule& rule, uint64_t seed, const UnmaskObserver& observer,
                         DecodeStatistics* statistics);

// Checked and divided: throws UserError when the blocks do not divide the answer or the steps. answer_key names the
// setting of the answer's length.
BlockPlan plan_blocks(int64_t length, int64_t region, int64_t block_length, int64_t steps, const char* answer_key);

}  // namespace freeact
