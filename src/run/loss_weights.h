// How much the error of each calibration token counts in training. Letters: B sequences, T tokens.
#pragma once

#include <vector>

#include "config/experiment.h"
#include "model/decoder.h"

namespace freeact {

// Fills loss_weights_BT of the sequences as calibration.loss_weights says, 1 in the mean over each; "equal" leaves them
// undefined. The model is the one in 16 bits.
void weigh_losses(std::vector<TokenBatch>& sequences, const CalibrationConfig& config, const Decoder& model);

// [B, T] float: the attention a token receives, in the mean over the queries that may see it (all of them, or in a
// causal model the tokens from it on), heads and layers; 1 in the mean over a sequence. One forward pass.
at::Tensor attention_received(const Decoder& model, const TokenBatch& batch);

}  // namespace freeact
