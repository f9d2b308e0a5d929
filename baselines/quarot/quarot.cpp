#include "baselines/quarot/quarot.h"

#include <ATen/ATen.h>

#include "ops/hadamard.h"
#include "util/random.h"

namespace freeact {
namespace {

// f(weight in float64, on the device), back in the weight's own dtype and place.
template <typename Fn>
void in_double(at::Tensor& weight, at::Device device, const Fn& fn) {
  weight = fn(weight.to(device, at::kDouble)).to(weight.options());
}

void fold_norm(at::Tensor& norm, std::vector<Linear>& linears) {
  for (Linear& linear : linears)
    in_double(linear.weight, norm.device(), [&](const at::Tensor& w) { return w * norm.to(at::kDouble); });
  norm = at::ones_like(norm);
}

// x centring = x - mean(x), for rows x.
at::Tensor centring(int64_t width) {
  return at::eye(width, at::kDouble) - 1.0 / static_cast<double>(width);
}

at::Tensor random_signs(int64_t size, uint64_t seed) {
  Random random(seed, "quarot rotation");
  at::Tensor signs = at::empty({size});
  for (int64_t i = 0; i < size; ++i) signs[i] = random.below(2) ? 1.0 : -1.0;
  return signs;
}

// Rows in groups of one head's width: [.., heads * K] -> rotated per head.
at::Tensor rotate_heads(const at::Tensor& x, const HadamardRotation& rotation) {
  return rotation.apply(x.unflatten(-1, {-1, rotation.size()})).flatten(-2);
}

at::Tensor source_for(const HadamardSource& source, int64_t width) {
  return source ? source(width) : at::Tensor();
}

}  // namespace

void fold_norms(Decoder& model) {
  for (Block& block : model.blocks) {
    fold_norm(block.attention_norm, block.at(SiteId::kAttentionQkv));
    fold_norm(block.mlp_norm, block.at(SiteId::kMlpGateUp));
  }
  std::vector<Linear> head = {model.head};
  fold_norm(model.final_norm, head);
  model.head = head[0];  // a tensor of its own now, no longer the embedding's
  model.config.tied_head = false;
}

void rotate_residual(Decoder& model, const at::Tensor& rotation) {
  const at::Device device = rotation.device();
  const auto reads = [&](at::Tensor& w) {
    in_double(w, device, [&](const at::Tensor& x) { return at::matmul(x, rotation); });
  };
  const auto writes = [&](Linear& linear) {
    in_double(linear.weight, device, [&](const at::Tensor& w) { return at::matmul(rotation.t(), w); });
    if (linear.bias.defined()) reads(linear.bias);
  };
  model.transform_embeddings(rotation);
  reads(model.head.weight);
  for (Block& block : model.blocks) {
    for (const SiteId id : {SiteId::kAttentionQkv, SiteId::kMlpGateUp})
      for (Linear& linear : block.at(id)) reads(linear.weight);
    writes(block.at(SiteId::kAttentionOutput)[0]);
    writes(block.at(SiteId::kMlpDown)[0]);
  }
}

void rotate_values(Decoder& model) {
  const HadamardRotation rotation(model.config.head_width);
  for (Block& block : model.blocks) {
    Linear& v = block.at(SiteId::kAttentionQkv)[2];
    v.weight = rotate_heads(v.weight.t(), rotation).t().contiguous();
    if (v.bias.defined()) v.bias = rotate_heads(v.bias, rotation);
    Linear& o = block.at(SiteId::kAttentionOutput)[0];
    o.weight = rotate_heads(o.weight, rotation);
  }
}

bool heads_can_mix(const DecoderConfig& config) {
  return hadamard_size_exists(config.num_heads) && hadamard_size_exists(config.head_width);
}

std::array<TransformChain, kNumSites> online_rotations(const DecoderConfig& config, const HadamardSource& source) {
  std::array<TransformChain, kNumSites> chains;
  auto& output = chains[static_cast<size_t>(SiteId::kAttentionOutput)];
  const int64_t width = config.num_heads * config.head_width;
  if (heads_can_mix(config)) {
    const at::Tensor mix =
        HadamardRotation(config.num_heads, source_for(source, config.num_heads)).apply(at::eye(config.num_heads));
    output.push_back(std::make_shared<KroneckerTransform>(KroneckerTransform::Factors{mix, {}, mix, {}}));
  } else {
    output.push_back(std::make_shared<HadamardTransform>(width, source_for(source, width)));
  }
  chains[static_cast<size_t>(SiteId::kMlpDown)].push_back(
      std::make_shared<HadamardTransform>(config.mlp_width, source_for(source, config.mlp_width)));
  return chains;
}

std::shared_ptr<const QuantisedKvPath> rotated_kv_path(const DecoderConfig& config, const QuantSpec& spec,
                                                       const Clip& clip) {
  if (spec.key.is_float() && spec.value.is_float()) return nullptr;
  QuantisedKvPath::Parts parts;
  parts.key_grid = spec.key;
  parts.value_grid = spec.value;
  parts.key_clip = parts.value_clip = clip;
  if (!spec.key.is_float() && hadamard_size_exists(config.head_width)) {
    parts.query_rotation = HadamardRotation(config.head_width).apply(at::eye(config.head_width));
    parts.key_rotation = parts.query_rotation;
  }
  parts.per_head = config.num_heads != config.num_kv_heads;
  parts.include_zero = !parts.per_head;
  return std::make_shared<QuantisedKvPath>(std::move(parts));
}

void Quarot::prepare(Decoder& model, const std::vector<TokenBatch>&) const {
  if (config_.subtract_embedding_mean) model.transform_embeddings(centring(model.config.width).to(context_.device));
  fold_norms(model);
  rotate_residual(model, random_hadamard(random_signs(model.config.width, context_.seed)).to(context_.device));
  if (heads_can_mix(model.config)) rotate_values(model);
}

CalibratedBlock Quarot::calibrate(const Block& block, const std::vector<BlockBatch>& batches,
                                  const DecoderConfig& config) const {
  RoundingSettings rounding = config_.policy().rounding();
  rounding.transforms = online_rotations(config);
  CalibratedBlock result = round_block(block, context_.quant, rounding);
  if (const auto kv = rotated_kv_path(config, context_.quant, rounding.activation_clip))
    result.kv = std::dynamic_pointer_cast<const QuantisedKvPath>(kv->on_device(block.device()));
  return apply_clipping(result, config_.policy(), context_.quant, batches, config, config_.clip_epochs);
}

MethodEntry quarot_entry() {
  return method_entry<Quarot, QuarotConfig>("quarot", "QuaRot", "random Hadamard rotations, folded and online");
}

}  // namespace freeact
