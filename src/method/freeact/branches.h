// Which directions of each token type go past a site's quantiser (E2 and E3 of FREEACT_MATH, beyond the paper): chosen
// from the types' moments and the weights, their number by the error on tokens held out. Letters: D width, N types.
#pragma once

#include <string>
#include <vector>

#include "calibration/learned_block.h"
#include "util/error.h"

namespace freeact {

enum class BranchKind {
  kNone,
  kDrop,  // dropped, where that lowers the error of held-out tokens; else none
  kKeep,  // kept in 16 bits
};
BranchKind parse_branch(const std::string& name);  // "none", "drop" or "keep"; UserError otherwise

enum class BranchDirections {
  kWeightAware,  // most activation energy per energy the weights read
  kEnergy,       // most activation energy
};
BranchDirections parse_branch_directions(const std::string& name);  // "weight_aware" or "energy"; UserError otherwise

struct BranchSettings {
  BranchKind kind = BranchKind::kNone;
  BranchDirections directions = BranchDirections::kWeightAware;
  double fraction = 0.03125;  // directions a type, as a share of D: all of them (keep) or at most (drop)
};

// Gives every site of a block that is yet to be trained its branch, whose means are set already. Moments are taken
// about the means; one of fewer than 10 D tokens is mixed with that of all types. kDrop tries 0, 1, 2, 4, ...
// directions a type behind a random rotation on the last batch, which the moments then do not see.
void add_branches(const LearnedBlock& learned, const Block& block, const std::vector<BlockBatch>& batches,
                  const DecoderConfig& config, const BranchSettings& settings, uint64_t seed);

}  // namespace freeact
