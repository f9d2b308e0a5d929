#include "model/decoder.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

#include "model/on_device.h"
#include "util/error.h"

namespace freeact {
namespace {

// [B, T, heads*K] -> [B, heads, T, K]
at::Tensor split_heads(const at::Tensor& x, int64_t head_width) {
  return x.unflatten(-1, {-1, head_width}).transpose(1, 2);
}

// [K/2, B, T] of positions [A, B, T]: each frequency turns by the positions of its axis.
at::Tensor by_frequency(const at::Tensor& positions_ABT, const std::vector<int64_t>& sections) {
  std::vector<int64_t> axes;
  for (size_t axis = 0; axis < sections.size(); ++axis)
    axes.insert(axes.end(), static_cast<size_t>(sections[axis]), static_cast<int64_t>(axis));
  return positions_ABT.index_select(0, at::tensor(axes, positions_ABT.options()));
}

// The rotary base for a text that reaches `length` positions. Source: InternLM2's DynamicNTKScalingRotaryEmbedding.
double rope_base(const DecoderConfig& c, const at::Tensor& positions) {
  if (c.dynamic_rope_factor == 0) return c.rope_theta;
  const int64_t length = positions.max().item<int64_t>() + 1;
  if (length <= c.max_positions) return c.rope_theta;
  const double stretch = c.dynamic_rope_factor * static_cast<double>(length) / static_cast<double>(c.max_positions) -
                         (c.dynamic_rope_factor - 1);
  const auto width = static_cast<double>(c.head_width);
  return c.rope_theta * std::pow(stretch, width / (width - 2));
}

// Additive bias [B, 1, 1 or T, T]: the lowest float rather than -inf, since a pad's own row may be hidden entirely.
at::Tensor padding_bias(const at::Tensor& mask_BT, PaddingRule rule, at::ScalarType dtype) {
  const at::Tensor real = mask_BT != 0;
  at::Tensor visible = real.unsqueeze(1).unsqueeze(1);
  if (rule == PaddingRule::kQueriesAndKeys) visible = at::logical_and(visible, real.unsqueeze(1).unsqueeze(-1));
  const double lowest = dtype == at::kFloat || dtype == at::kBFloat16 ? -3.3895e38 : -65504.0;
  return at::zeros(visible.sizes(), visible.options().dtype(dtype)).masked_fill(at::logical_not(visible), lowest);
}

at::Tensor gated(const at::Tensor& gate, const at::Tensor& up) {
  const at::Tensor gates = at::silu(gate);
  return at::GradMode::is_enabled() ? gates * up : gates.mul_(up);  // without gradients nobody else holds the gates
}

}  // namespace

std::vector<at::Tensor> Block::run_site(SiteId id, const at::Tensor& x_BTD, const ForwardContext& context) const {
  const std::string name = fmt::format("block{}.{}", index, site_name(id));
  context.observe(name + ".input", x_BTD);
  std::vector<at::Tensor> outputs;
  if (const auto& site = sites[static_cast<size_t>(id)])
    outputs = site->forward(x_BTD, context.types_BT);
  else
    for (const Linear& linear : at(id)) outputs.push_back(linear(x_BTD));
  for (size_t i = 0; i < outputs.size(); ++i) context.observe(fmt::format("{}.output.{}", name, i), outputs[i]);
  return outputs;
}

at::Tensor Block::attend(const at::Tensor& x_BTD, const ForwardContext& context, const DecoderConfig& config) const {
  const auto qkv = run_site(SiteId::kAttentionQkv, x_BTD, context);
  at::Tensor q = apply_rope(split_heads(qkv[0], config.head_width), context.rope);
  at::Tensor k = apply_rope(split_heads(qkv[1], config.head_width), context.rope);
  at::Tensor v = split_heads(qkv[2], config.head_width);
  context.observe(fmt::format("block{}.rope.q", index), q);
  context.observe(fmt::format("block{}.rope.k", index), k);
  if (kv) {
    std::tie(q, k) = kv->query_key(q, k);
    v = kv->value(v);
  }
  if (context.cache) {
    std::tie(k, v) = context.cache->update(index, context.begin, k, v);
    if (config.causal) {  // the cache may know more than a causal pass may see
      const int64_t end = context.begin + q.size(2);
      k = k.slice(2, 0, end);
      v = v.slice(2, 0, end);
    }
  }
  const auto product = at::GradMode::is_enabled() ? attention_naive : attention;
  const at::Tensor heads = product(q, k, v, context.bias, config.causal);
  return run_site(SiteId::kAttentionOutput, heads.transpose(1, 2).flatten(-2), context)[0];
}

at::Tensor Block::forward(const at::Tensor& hidden_BTD, const ForwardContext& context,
                          const DecoderConfig& config) const {
  const at::Tensor attended =
      hidden_BTD + attend(rms_norm(hidden_BTD, attention_norm, config.norm_eps), context, config);
  const auto gate_up = run_site(SiteId::kMlpGateUp, rms_norm(attended, mlp_norm, config.norm_eps), context);
  const at::Tensor out = attended + run_site(SiteId::kMlpDown, gated(gate_up[0], gate_up[1]), context)[0];
  context.observe(fmt::format("block{}", index), out);
  return out;
}

ForwardContext ForwardContext::window(KvCache& of_sequence, int64_t window_begin, int64_t window_end) const {
  ForwardContext part = *this;
  part.types_BT = types_BT.slice(1, window_begin, window_end);
  part.rope = {rope.cos.slice(2, window_begin, window_end), rope.sin.slice(2, window_begin, window_end)};
  if (bias.defined() && bias.size(2) > 1) part.bias = bias.slice(2, window_begin, window_end);
  part.cache = &of_sequence;
  part.begin = window_begin;
  return part;
}

bool DecoderConfig::ends_answer(int64_t id) const {
  return id == eos_id || std::find(more_stop_ids.begin(), more_stop_ids.end(), id) != more_stop_ids.end();
}

at::Tensor Decoder::positions(const TokenBatch& batch, const at::Tensor& mask_BT) const {
  if (config.padding == PaddingRule::kQueriesAndKeys && mask_BT.defined())
    return (mask_BT.to(at::kLong).cumsum(-1) - 1).masked_fill(mask_BT == 0, 1);
  if (!batch.positions_ABT.defined()) return at::arange(batch.length(), batch.ids_BT.options()).unsqueeze(0);
  const int64_t axes = batch.positions_ABT.size(0);
  if (axes == 1) return batch.positions_ABT[0];
  FREEACT_CHECK(axes == std::ssize(config.rope_sections), "{} axes of positions for a model of {}", axes,
                config.rope_sections.size());
  return by_frequency(batch.positions_ABT, config.rope_sections);
}

ForwardContext Decoder::context(const TokenBatch& any_batch, const at::Tensor& attention_mask_BT) const {
  const TokenBatch batch = on_device(any_batch, device());
  // A mask without a pad hides nothing; leaving it out keeps the fast attention paths.
  const bool padded = attention_mask_BT.defined() && attention_mask_BT.eq(0).any().item<bool>();
  const at::Tensor mask = padded ? attention_mask_BT.to(device()) : at::Tensor();
  if (padded && config.causal) throw UserError("padded batches are not supported for causal models");
  ForwardContext context;
  context.types_BT = batch.types_BT.defined() ? batch.types_BT : types(batch);
  const at::Tensor places = positions(batch, mask);
  context.rope = rope_table(places, config.head_width, rope_base(config, places));
  if (config.rope_in_model_dtype)
    context.rope = {context.rope.cos.to(embedding.scalar_type()), context.rope.sin.to(embedding.scalar_type())};
  if (padded) context.bias = padding_bias(mask, config.padding, embedding.scalar_type());
  return context;
}

at::Tensor Decoder::embed(const TokenBatch& any_batch) const {
  const TokenBatch batch = on_device(any_batch, device());
  const at::Tensor own_BTD = at::embedding(embedding, batch.ids_BT);
  if (!batch.features_ND.defined()) return own_BTD;
  const at::Tensor taken_BT = batch.ids_BT == config.feature_id;
  const int64_t places = taken_BT.sum().item<int64_t>();
  if (places != batch.features_ND.size(0))
    throw UserError("the prompt has {} image tokens for {} image features", places, batch.features_ND.size(0));
  at::Tensor features = batch.features_ND;
  if (feature_basis_DD.defined()) features = at::matmul(features.to(at::kDouble), feature_basis_DD);
  return own_BTD.masked_scatter(taken_BT.unsqueeze(-1), features.to(own_BTD.options()));
}

void Decoder::transform_embeddings(const at::Tensor& matrix_DD) {
  const auto multiplied = [&](const at::Tensor& x) {
    return at::matmul(x.to(matrix_DD.device(), at::kDouble), matrix_DD).to(x.options());
  };
  embedding = multiplied(embedding);
  feature_basis_DD = feature_basis_DD.defined() ? multiplied(feature_basis_DD) : matrix_DD.to(device());
}

at::Tensor Decoder::hidden(const TokenBatch& batch, const ForwardContext& context) const {
  at::Tensor x_BTD = embed(batch);
  context.observe("embed", x_BTD);
  for (const Block& block : blocks) x_BTD = block.forward(x_BTD, context, config);
  return x_BTD;
}

at::Tensor Decoder::output(const at::Tensor& hidden, const ForwardContext& context) const {
  const at::Tensor normed = rms_norm(hidden, final_norm, config.norm_eps);
  context.observe("final_norm", normed);
  return head(normed);
}

at::Tensor Decoder::logits(const TokenBatch& batch, const ForwardContext& context) const {
  return output(hidden(batch, context), context);
}

at::Tensor Decoder::logits(const TokenBatch& batch, const at::Tensor& attention_mask_BT) const {
  return logits(batch, context(batch, attention_mask_BT));
}

}  // namespace freeact
