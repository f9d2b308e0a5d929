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

std::vector<at::Tensor> make_batches(const std::vector<at::Tensor>& sequences, int64_t batch_size) {
  std::vector<at::Tensor> batches;
  std::vector<at::Tensor> open;
  const auto close = [&] {
    if (!open.empty()) batches.push_back(at::stack(open));
    open.clear();
  };
  for (const auto& sequence : sequences) {
    const bool fits = open.empty() || open.front().size(0) == sequence.size(0);
    if (!fits || static_cast<int64_t>(open.size()) == batch_size) close();
    open.push_back(sequence);
  }
  close();
  return batches;
}

std::vector<BlockBatch> first_block_batches(const Decoder& model, const std::vector<at::Tensor>& ids_BT) {
  std::vector<BlockBatch> batches;
  for (const auto& ids : ids_BT) batches.push_back({model.embed(ids), {}, model.context(ids)});
  return batches;
}

DriverResult calibrate_model(const Decoder& model, const DriverJob& job) {
  const at::NoGradGuard no_grad;
  DriverResult result{model, {}};
  auto batches = first_block_batches(model, job.calibration_ids);
  auto held_out = first_block_batches(model, job.held_out_ids);
  const auto num_blocks = static_cast<int64_t>(model.blocks.size());
  for (const Block& block : model.blocks) {
    fill_outputs(batches, block, model.config);
    fill_outputs(held_out, block, model.config);
    SavedBlock saved;
    if (!load_block(job.progress_folder, block.index, saved)) {
      const CalibratedBlock calibrated = job.calibrate(block, batches);
      saved = {calibrated.quantised(), measure_site_errors(calibrated, held_out, model.config)};
      save_block(job.progress_folder, block.index, saved);
    }
    result.model.blocks[static_cast<size_t>(block.index)] = saved.block;
    result.errors.insert(result.errors.end(), saved.errors.begin(), saved.errors.end());
    move_on(batches);
    move_on(held_out);
    if (job.on_block) job.on_block(block.index, num_blocks);
  }
  return result;
}

}  // namespace freeact
