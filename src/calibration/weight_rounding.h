// How the weights of a block become integers once everything else about it is chosen: transforms, ranges, clips. Any
// method can have either way. Letters: B batch, T tokens, D width of a site, O outputs.
#pragma once

#include <string>
#include <vector>

#include "calibration/driver.h"
#include "quant/gptq.h"

namespace freeact {

enum class RoundingKind {
  kNearest,
  kGptq,
};
RoundingKind parse_rounding(const std::string& name);  // "nearest" or "gptq"; UserError otherwise

struct WeightRounding {
  RoundingKind kind = RoundingKind::kNearest;
  GptqSettings gptq = {};  // of kGptq; groups are those of the site's scales
};

// kNearest: the block as it is. kGptq: the codes of every linear chosen anew, their scales kept, so that
// ||Q(z) W^T - Q(z) Q(W)^T|| is small over the calibration tokens; W [O, D] is the float weight behind the site's
// transforms, before any clipping, and Q(z) [B, T, D] what that linear reads when the site gets the full-precision
// block's own input. Nothing happens where weights have 16 bits. UserError, naming block and site, when there are no
// batches or where gptq() throws.
// Differs from the sequential order of GPTQ's code, whose inputs come from linears that are rounded already.
CalibratedBlock round_weights(const CalibratedBlock& block, const WeightRounding& rounding, const QuantSpec& spec,
                              const std::vector<BlockBatch>& batches, const DecoderConfig& config);

}  // namespace freeact
