// Calibrates a model block by block: every block sees the full-precision output of the one before it, what it is to
// compute is its own full-precision output, and finished blocks are saved so that a killed run goes on where it was.
// Letters: B batch, T tokens, D width.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "calibration/calibrated_block.h"

namespace freeact {

// One batch as one block sees it.
struct BlockBatch {
  at::Tensor inputs_BTD, outputs_BTD;  // full precision
  ForwardContext context;
  at::Tensor loss_weights_BT;  // how much a token's error counts in training; undefined: all alike

  // The same where a block computes. Whoever runs a block on batches takes each there in its turn, since they lie in
  // host memory all together.
  BlockBatch on_device(at::Device device) const;
};

// The mean over tokens of one type of ||y_hat - y||^2 relative to ||y||^2, at one site of one block.
struct SiteError {
  int64_t layer = 0;
  SiteId site = SiteId::kAttentionQkv;
  int64_t token_type = 0;
  double relative_error = 0;
  int64_t tokens = 0;
  // The same with all grids in 16 bit, so that only what the site drops (slices, branches without products) is missing;
  // 0 where it drops nothing (see float_site.h). The rest of relative_error is rounding.
  double truncation = 0;
  double activation_only = 0;  // the same with the activation on its grid, weights in 16 bit
};

// Inputs of the first block, in host memory; outputs are undefined yet.
std::vector<BlockBatch> first_block_batches(const Decoder& model, const std::vector<TokenBatch>& batches);

// Gives every batch its own of these inputs, such as the outputs of the block before.
void set_inputs(std::vector<BlockBatch>& batches, const std::vector<at::Tensor>& inputs_BTD);

struct DriverJob {
  std::vector<TokenBatch> calibration;  // what the method may learn from
  std::vector<TokenBatch> held_out;     // what errors are measured on
  std::function<CalibratedBlock(const Block& block, const std::vector<BlockBatch>& batches)> calibrate;
  std::filesystem::path progress_folder;                            // empty: nothing is saved
  std::function<void(int64_t block, int64_t num_blocks)> on_block;  // after each block; may be null
  // Where blocks are calibrated and stay. The model may lie in host memory: its blocks visit the device one at a time.
  at::Device device = at::kCPU;
};

struct DriverResult {
  Decoder model;  // its blocks run quantised; it lies on the job's device
  std::vector<SiteError> errors;
  std::vector<BlockTrainingLog> trainings;  // of the blocks that were trained
};

DriverResult calibrate_model(const Decoder& model, const DriverJob& job);

// Errors of a calibrated block, per site and token type, every site fed with its full-precision input. The values of v
// are compared in the original basis, whatever basis the method keeps them in.
std::vector<SiteError> measure_site_errors(const CalibratedBlock& block, const std::vector<BlockBatch>& batches,
                                           const DecoderConfig& config);

}  // namespace freeact
