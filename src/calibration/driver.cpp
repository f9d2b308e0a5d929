#include "calibration/driver.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "calibration/saved_block.h"

namespace freeact {
namespace {

// Runs the block in full precision; its outputs are the targets here and the inputs of the next block.
void fill_outputs(std::vector<BlockBatch>& batches, const Block& block, const DecoderConfig& config) {
  for (auto& batch : batches) batch.outputs_BTD = block.forward(batch.inputs_BTD, batch.context, config);
}

void move_on(std::vector<BlockBatch>& batches) {
  for (auto& batch : batches) batch.inputs_BTD = std::move(batch.outputs_BTD);
}

}  // namespace

void set_inputs(std::vector<BlockBatch>& batches, const std::vector<at::Tensor>& inputs_BTD) {
  for (size_t i = 0; i < batches.size(); ++i) batches[i].inputs_BTD = inputs_BTD[i];
}

std::vector<BlockBatch> first_block_batches(const Decoder& model, const std::vector<TokenBatch>& batches) {
  std::vector<BlockBatch> first;
  for (const auto& batch : batches)
    first.push_back({model.embed(batch), {}, model.context(batch), batch.loss_weights_BT});
  return first;
}

DriverResult calibrate_model(const Decoder& model, const DriverJob& job) {
  const at::NoGradGuard no_grad;
  DriverResult result{model, {}, {}};
  auto batches = first_block_batches(model, job.calibration);
  auto held_out = first_block_batches(model, job.held_out);
  const auto num_blocks = static_cast<int64_t>(model.blocks.size());
  for (const Block& block : model.blocks) {
    fill_outputs(batches, block, model.config);
    fill_outputs(held_out, block, model.config);
    SavedBlock saved;
    if (!load_block(job.progress_folder, block.index, saved)) {
      const CalibratedBlock calibrated = job.calibrate(block, batches);
      saved = {calibrated.quantised(), measure_site_errors(calibrated, held_out, model.config), {}};
      if (calibrated.training) saved.training = *calibrated.training;
      save_block(job.progress_folder, block.index, saved);
    }
    result.model.blocks[static_cast<size_t>(block.index)] = saved.block;
    result.errors.insert(result.errors.end(), saved.errors.begin(), saved.errors.end());
    if (saved.training) result.trainings.push_back(*saved.training);
    move_on(batches);
    move_on(held_out);
    if (job.on_block) job.on_block(block.index, num_blocks);
  }
  return result;
}

}  // namespace freeact
