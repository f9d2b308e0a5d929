// A start for learned transforms: WUSH's closed form (closed_form.h) instead of random orthogonal matrices.
#pragma once

#include <string>
#include <vector>

#include "calibration/learned_block.h"

namespace freeact {

enum class TransformStart { kRandom, kWush };
TransformStart parse_transform_start(const std::string& name);  // "random" or "wush"; UserError otherwise

// Starts the Kronecker factors of every site at the closed form of what the transform sees: inputs without means and
// without directions that go past the quantiser, times the per-channel scale, and weights divided by it. Moments of
// token types count alike, whatever their tokens' number and size. The scale of a
// factor, which quantisers do not see, is such that its determinant is 1 or -1. Attention output: factors over heads
// and within them. The SVD and the inverse form start exactly there; the orthogonal form at the nearest orthogonal
// matrix of each factor (its polar factor), which rotates as the closed form does but balances nothing. A rotation of
// keys keeps its random start.
void start_at_closed_form(const LearnedBlock& learned, const Block& block, const std::vector<BlockBatch>& batches,
                          const DecoderConfig& config, uint64_t seed);

}  // namespace freeact
