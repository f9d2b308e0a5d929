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
};

// The mean over tokens of one type of ||y_hat - y||^2 relative to ||y||^2, at one site of one block.
struct SiteError {
  int64_t layer = 0;
  SiteId site = SiteId::kAttentionQkv;
  int64_t token_type = 0;
  double relative_error = 0;
  int64_t tokens = 0;
};

// Sequences of equal length in a row become batches of at most batch_size. Each sequence is a tensor [T] of ids.
std::vector<at::Tensor> make_batches(const std::vector<at::Tensor>& sequences, int64_t batch_size);

// Inputs of the first block for batches of ids [B, T]; outputs are undefined yet.
std::vector<BlockBatch> first_block_batches(const Decoder& model, const std::vector<at::Tensor>& ids_BT);

// Gives every batch its own of these inputs, such as the outputs of the block before.
void set_inputs(std::vector<BlockBatch>& batches, const std::vector<at::Tensor>& inputs_BTD);

struct DriverJob {
  std::vector<at::Tensor> calibration_ids;  // batches [B, T] that the method may learn from
  std::vector<at::Tensor> held_out_ids;     // batches that errors are measured on
  std::function<CalibratedBlock(const Block& block, const std::vector<BlockBatch>& batches)> calibrate;
  std::filesystem::path progress_folder;                            // empty: nothing is saved
  std::function<void(int64_t block, int64_t num_blocks)> on_block;  // after each block; may be null
};

struct DriverResult {
  Decoder model;  // its blocks run quantised
  std::vector<SiteError> errors;
};

DriverResult calibrate_model(const Decoder& model, const DriverJob& job);

// Errors of a calibrated block, per site and token type, every site fed with its full-precision input. The values of v
// are compared in the original basis, whatever basis the method keeps them in.
std::vector<SiteError> measure_site_errors(const CalibratedBlock& block, const std::vector<BlockBatch>& batches,
                                           const DecoderConfig& config);

}  // namespace freeact
