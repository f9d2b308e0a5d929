#include "calibration/clipping.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "calibration/guarded_training.h"
#include "calibration/learned_block.h"
#include "calibration/site_maxima.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr double kClipLearningRate = 0.05;  // FlatQuant: 5e-3 times 10
constexpr double kMinLearningRateFactor = 1e-3;
constexpr double kWeightDecay = 0.01;
constexpr double kRatioStep = 0.05;
constexpr int kNumRatios = 11;  // 1 down to 0.5

double ratio_of(int candidate) {
  return 1.0 - kRatioStep * candidate;
}

// A site whose transforms are fixed and whose clips are trained.
class ClippedSite : public Site {
 public:
  ClippedSite(TransformChain transforms, const std::vector<Linear>& linears, const ClippingPolicy& policy,
              const QuantSpec& spec)
      : transforms_(std::move(transforms)) {
    std::vector<Linear> transformed;
    for (const Linear& linear : linears) transformed.push_back({apply_weight(transforms_, linear.weight), linear.bias});
    clips_.add_parts(transformed, spec, policy, /*num_clips=*/1);
  }

  std::vector<at::Tensor> forward(const at::Tensor& x_BTD, const at::Tensor& types_BT) const override {
    return clips_.forward(apply_activation(transforms_, x_BTD, types_BT), types_BT);
  }

  void append_parameters(std::vector<at::Tensor>& all) const {
    for (const auto& part : clips_.parts) {
      if (!clips_.weight_grid.is_float()) part.weight_clip.append_trainable(all);
      if (!clips_.activation_grid.is_float()) part.activation_clip.append_trainable(all);
    }
  }

  std::shared_ptr<const QuantisedSite> freeze() const {
    const at::NoGradGuard no_grad;
    QuantisedSite::Parts parts;
    parts.transforms = transforms_;
    parts.activation_grid = clips_.activation_grid;
    for (size_t i = 0; i < clips_.parts.size(); ++i) {
      parts.linears.push_back(quantise_linear(clips_.transformed_weight(i), clips_.output_bias(i), clips_.weight_grid,
                                              clips_.final_weight_clip));
      parts.linears.back().activation_clip = clips_.parts[i].activation_clip.value();
    }
    return std::make_shared<QuantisedSite>(std::move(parts));
  }

 private:
  TransformChain transforms_;
  LearnableSite clips_;
};

CalibratedBlock learn_clips(const CalibratedBlock& rounded, const ClippingPolicy& policy, const QuantSpec& spec,
                            const std::vector<BlockBatch>& batches, const DecoderConfig& config, int epochs) {
  Block training = rounded.equivalent;
  training.kv = rounded.kv;
  std::array<std::shared_ptr<ClippedSite>, kNumSites> sites;
  std::vector<at::Tensor> parameters;
  for (size_t i = 0; i < kNumSites; ++i) {
    sites[i] = std::make_shared<ClippedSite>(rounded.sites[i]->parts().transforms, training.linears[i], policy, spec);
    sites[i]->append_parameters(parameters);
    training.sites[i] = sites[i];
  }
  if (parameters.empty()) return rounded;  // nothing is quantised
  const TrainerSettings settings{epochs, kClipLearningRate, 1, kMinLearningRateFactor, kWeightDecay, false};
  const auto loss_of_batch = [&](int64_t index) {
    const BlockBatch batch = batches[static_cast<size_t>(index)].on_device(training.device());
    return mean_squared_loss(training.forward(batch.inputs_BTD, batch.context, config), batch.outputs_BTD,
                             batch.loss_weights_BT);
  };
  const TrainingTrace trace =
      train({{"clips", parameters, kClipLearningRate}}, static_cast<int64_t>(batches.size()), settings, loss_of_batch);
  CalibratedBlock result = rounded;
  BlockTrainingLog log = log_of(trace, training.index);
  if (!trace.usable) log.warnings.emplace_back("the loss is not finite: its clips are not trained");
  for (size_t i = 0; i < kNumSites && trace.usable; ++i) result.sites[i] = sites[i]->freeze();
  result.training = std::make_shared<BlockTrainingLog>(std::move(log));
  return result;
}

// Mean over tokens of the relative squared error, for every candidate ratio.
class RatioErrors {
 public:
  void add(const at::Tensor& z, const Grid& grid) {
    const at::Tensor energy = z.square().sum(-1).clamp_min(1e-12);
    for (int i = 0; i < kNumRatios; ++i) {
      const at::Tensor error = (fake_quantise_activation(z, grid, Clip::ratio(ratio_of(i))) - z).square().sum(-1);
      sums_[static_cast<size_t>(i)] += (error / energy).sum().item<double>();
    }
  }
  Clip best() const {
    const auto least = std::min_element(sums_.begin(), sums_.end());
    return Clip::ratio(ratio_of(static_cast<int>(least - sums_.begin())));
  }

 private:
  std::array<double, kNumRatios> sums_{};
};

}  // namespace

ClipKind parse_clip(const std::string& key, const std::string& name) {
  if (name == "none") return ClipKind::kNone;
  if (name == "fixed") return ClipKind::kFixed;
  if (name == "searched") return ClipKind::kSearched;
  if (name == "learned") return ClipKind::kLearned;
  throw UserError("key 'method.{}' must be none, fixed, searched or learned, but is '{}'", key, name);
}

RoundingSettings ClippingPolicy::rounding() const {
  RoundingSettings settings;
  if (weight.kind == ClipKind::kFixed) settings.weight_clip = WeightClip::fixed(weight.ratio);
  if (weight.kind == ClipKind::kSearched) settings.weight_clip = WeightClip::searched();
  if (activation.kind == ClipKind::kFixed) settings.activation_clip = Clip::ratio(activation.ratio);
  return settings;
}

CalibratedBlock apply_clipping(const CalibratedBlock& rounded, const ClippingPolicy& policy, const QuantSpec& spec,
                               const std::vector<BlockBatch>& batches, const DecoderConfig& config, int epochs) {
  const bool searches = policy.activation.kind == ClipKind::kSearched;
  if ((policy.learns() || searches) && batches.empty())
    throw UserError("searched and learned clips need calibration data, but the calibration set is empty");
  const CalibratedBlock block = policy.learns() ? learn_clips(rounded, policy, spec, batches, config, epochs) : rounded;
  return round_weights(searches ? search_activation_clips(block, batches, config) : block, policy.weight_rounding, spec,
                       batches, config);
}

CalibratedBlock search_activation_clips(const CalibratedBlock& block, const std::vector<BlockBatch>& batches,
                                        const DecoderConfig& config) {
  std::array<RatioErrors, kNumSites> errors;
  visit_site_inputs(block.equivalent, batches, config, [&](size_t i, const at::Tensor& x, const at::Tensor& types) {
    const auto& parts = block.sites[i]->parts();
    if (!parts.activation_grid.is_float()) errors[i].add(block.sites[i]->transformed(x, types), parts.activation_grid);
  });
  CalibratedBlock result = block;
  for (size_t i = 0; i < kNumSites; ++i) {
    QuantisedSite::Parts parts = block.sites[i]->parts();
    for (auto& linear : parts.linears) linear.activation_clip = errors[i].best();
    result.sites[i] = std::make_shared<QuantisedSite>(std::move(parts));
  }
  return result;
}

}  // namespace freeact
