#include "calibration/driver.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "calibration/saved_block.h"
#include "model/on_device.h"

namespace freeact {
namespace {

// Runs the block in full precision; its outputs are the targets here and the inputs of the next block.
void fill_outputs(std::vector<BlockBatch>& batches, const Block& block, const DecoderConfig& config) {
  for (auto& batch : batches) {
    const BlockBatch there = batch.on_device(block.device());
    batch.outputs_BTD = block.forward(there.inputs_BTD, there.context, config).to(batch.inputs_BTD.device());
  }
}

void move_on(std::vector<BlockBatch>& batches) {
  for (auto& batch : batches) batch.inputs_BTD = std::move(batch.outputs_BTD);
}

}  // namespace

BlockBatch BlockBatch::on_device(at::Device device) const {
  return {freeact::on_device(inputs_BTD, device), freeact::on_device(outputs_BTD, device),
          freeact::on_device(context, device), freeact::on_device(loss_weights_BT, device)};
}

void set_inputs(std::vector<BlockBatch>& batches, const std::vector<at::Tensor>& inputs_BTD) {
  for (size_t i = 0; i < batches.size(); ++i) batches[i].inputs_BTD = inputs_BTD[i];
}

std::vector<BlockBatch> first_block_batches(const Decoder& model, const std::vector<TokenBatch>& batches) {
  std::vector<BlockBatch> first;
  for (const auto& batch : batches)
    first.push_back(
        BlockBatch{model.embed(batch), {}, model.context(batch), batch.loss_weights_BT}.on_device(at::kCPU));
  return first;
}

DriverResult calibrate_model(const Decoder& model, const DriverJob& job) {
  const at::NoGradGuard no_grad;
  DriverResult result{model, {}, {}};
  auto batches = first_block_batches(model, job.calibration);
  auto held_out = first_block_batches(model, job.held_out);
  const auto num_blocks = static_cast<int64_t>(model.blocks.size());
  for (const Block& at_rest : model.blocks) {
    const Block block = on_device(at_rest, job.device);
    fill_outputs(batches, block, model.config);
    fill_outputs(held_out, block, model.config);
    SavedBlock saved;
    if (!load_block(job.progress_folder, block.index, saved)) {
      const CalibratedBlock calibrated = job.calibrate(block, batches);
      saved = {calibrated.quantised(), measure_site_errors(calibrated, held_out, model.config), {}};
      if (calibrated.training) saved.training = *calibrated.training;
      save_block(job.progress_folder, block.index, saved);
    }
    result.model.blocks[static_cast<size_t>(block.index)] = on_device(saved.block, job.device);
    result.errors.insert(result.errors.end(), saved.errors.begin(), saved.errors.end());
    if (saved.training) result.trainings.push_back(*saved.training);
    move_on(batches);
    move_on(held_out);
    if (job.on_block) job.on_block(block.index, num_blocks);
  }
  result.model = on_device(result.model, job.device);
  return result;
}

}  // namespace freeact
