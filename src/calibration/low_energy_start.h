// A start for FreeAct's exclusive dimensions beyond the paper, which starts at random orthogonal matrices. There,
// zeroing r of d coordinates loses r/d of a token's energy, more than 4 bits do; training on little data does not empty
// them.
#pragma once

#include <vector>

#include "calibration/learned_block.h"

namespace freeact {

// Exclusive coordinates are the last ones, hence whole rows (or parts of rows) of the grid [L, R] that a Kronecker
// transform sees. Starts the left factor of every site with slices so that these rows are the directions with the least
// energy over the batches, every token type weighing the same, and the others a random rotation of the rest.
void start_at_low_energy(const LearnedBlock& learned, const Block& block, const std::vector<BlockBatch>& batches,
                         const DecoderConfig& config, uint64_t seed);

}  // namespace freeact
