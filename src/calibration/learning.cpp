#include "calibration/learning.h"

#include <ATen/ATen.h>

#include "calibration/guarded_training.h"
#include "calibration/low_energy_start.h"
#include "calibration/site_maxima.h"
#include "util/error.h"
#include "util/random.h"

namespace freeact {
namespace {

// Mean input per token type [N, D] of every site; with one mean for all types, its rows repeat.
std::array<at::Tensor, kNumSites> collect_means(const Block& block, const std::vector<BlockBatch>& batches,
                                                const DecoderConfig& config, MeanKind kind) {
  const auto num_types = static_cast<int64_t>(config.token_types.size());
  std::array<at::Tensor, kNumSites> sums, counts;
  visit_site_inputs(block, batches, config, [&](size_t i, const at::Tensor& x_BTD, const at::Tensor& types_BT) {
    const at::Tensor types = kind == MeanKind::kType ? types_BT : at::zeros_like(types_BT);
    const at::Tensor member_NT = at::one_hot(types.flatten(), num_types).to(at::kDouble).t();
    const at::Tensor sum = at::matmul(member_NT, x_BTD.flatten(0, 1).to(at::kDouble));
    sums[i] = sums[i].defined() ? sums[i] + sum : sum;
    counts[i] = counts[i].defined() ? counts[i] + member_NT.sum(1, true) : member_NT.sum(1, true);
  });
  std::array<at::Tensor, kNumSites> means;
  for (size_t i = 0; i < kNumSites; ++i) {
    means[i] = (sums[i] / counts[i].clamp_min(1)).to(at::kFloat);
    if (kind == MeanKind::kGlobal) means[i] = means[i].slice(0, 0, 1).expand({num_types, -1}).contiguous();
  }
  return means;
}

}  // namespace

LossKind parse_loss(const std::string& name) {
  if (name == "block") return LossKind::kBlock;
  if (name == "types") return LossKind::kTypes;
  if (name == "types_relative") return LossKind::kTypesRelative;
  throw UserError("key 'method.loss' must be block, types or types_relative, but is '{}'", name);
}

Precision parse_precision(const std::string& name) {
  if (name == "float32") return Precision::kFloat32;
  if (name == "bfloat16") return Precision::kBfloat16;
  throw UserError("key 'method.precision' must be float32 or bfloat16, but is '{}'", name);
}

MeanKind parse_mean(const std::string& name) {
  if (name == "none") return MeanKind::kNone;
  if (name == "global") return MeanKind::kGlobal;
  if (name == "type") return MeanKind::kType;
  throw UserError("key 'method.type_mean' must be none, global or type, but is '{}'", name);
}

TrainingTrace train_block(const LearnedBlock& learned, const std::vector<BlockBatch>& batches,
                          const DecoderConfig& config, const LearningSettings& settings, const StepObserver& on_step) {
  const auto loss_of_batch = [&](int64_t index) {
    const BlockBatch batch = batches[static_cast<size_t>(index)].on_device(learned.block.device());
    const SolvedOnce solved(learned);
    const at::Tensor y = learned.block.forward(batch.inputs_BTD, batch.context, config);
    if (settings.loss == LossKind::kBlock) return mean_squared_loss(y, batch.outputs_BTD, batch.loss_weights_BT);
    return type_sum_loss(y, batch.outputs_BTD, batch.context.types_BT, static_cast<int64_t>(config.token_types.size()),
                         settings.loss == LossKind::kTypesRelative, batch.loss_weights_BT);
  };
  const auto in_float32 = [&] {
    for (const auto& site : learned.sites) site->precision = Precision::kFloat32;
  };
  return train(learned.parameter_groups(settings.trainer), static_cast<int64_t>(batches.size()), settings.trainer,
               loss_of_batch, on_step, in_float32);
}

CalibratedBlock learn_block(const Block& block, const std::vector<BlockBatch>& batches, const DecoderConfig& config,
                            const QuantSpec& spec, const LearningSettings& settings, uint64_t seed) {
  if (batches.empty()) throw UserError("this method learns from calibration data, but the calibration set is empty");
  const LearnedBlock learned =
      make_learned_block(block, config, spec, settings.block, collect_maxima(block, batches, config),
                         derive_seed(seed, fmt::format("block{}", block.index)));
  if (settings.mean != MeanKind::kNone) {
    const auto means = collect_means(block, batches, config, settings.mean);
    for (size_t i = 0; i < kNumSites; ++i) learned.sites[i]->mean_ND = means[i];
  }
  if (settings.block.low_energy_start) start_at_low_energy(learned, block, batches, config, seed);
  if (settings.before_training) settings.before_training(learned);
  if (settings.start == TransformStart::kWush) start_at_closed_form(learned, block, batches, config, seed);
  GuardedTraining trained = train_guarded(learned, batches, config, settings);
  const CalibratedBlock frozen =
      trained.block ? *trained.block : round_block(block, spec, settings.block.clipping.rounding());
  const bool searches = settings.block.clipping.activation.kind == ClipKind::kSearched;
  CalibratedBlock result = round_weights(searches ? search_activation_clips(frozen, batches, config) : frozen,
                                         settings.block.clipping.weight_rounding, spec, batches, config);
  result.training = std::make_shared<BlockTrainingLog>(std::move(trained.log));
  return result;
}

}  // namespace freeact
