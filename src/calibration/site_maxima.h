// Largest magnitudes per input channel, over calibration tokens: what scales are chosen from.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "calibration/driver.h"

namespace freeact {

using SiteMaxima = std::array<at::Tensor, kNumSites>;  // [D] of every site

// Of one block from its full-precision inputs; and of all blocks of a model, each computed on the device and kept where
// the model lies.
SiteMaxima collect_maxima(const Block& block, const std::vector<BlockBatch>& batches, const DecoderConfig& config);
std::vector<SiteMaxima> collect_model_maxima(const Decoder& model, const std::vector<TokenBatch>& data,
                                             at::Device device = at::kCPU);

// Largest magnitude per column over the rows of all linears: [D].
at::Tensor column_maxima(const std::vector<Linear>& linears);
// The weights of all linears of a site, one below the other: [O, D].
at::Tensor stacked_weights(const std::vector<Linear>& linears);

// Runs the block on every batch and calls fn(site index, input [B, T, D], types [B, T]) for the full-precision input of
// every site, on the block's device. Returns the block's outputs [B, T, D], one a batch and where that lies, which are
// the next block's inputs.
using SiteInputVisitor = std::function<void(size_t site, const at::Tensor& x_BTD, const at::Tensor& types_BT)>;
std::vector<at::Tensor> visit_site_inputs(const Block& block, const std::vector<BlockBatch>& batches,
                                          const DecoderConfig& config, const SiteInputVisitor& fn);

}  // namespace freeact
