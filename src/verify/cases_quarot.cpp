#include <ATen/ATen.h>

#include <cmath>

#include "baselines/quarot/quarot.h"
#include "ops/hadamard.h"
#include "verify/quant_case.h"

namespace freeact {
namespace {

// The fixture's +-1 matrix for a width, by the order K that fits it.
at::Tensor injected_order(const QuantCase& c, int64_t width) {
  const int64_t order = quarot_hadamard_factor(width, /*with_148=*/true);
  const std::string role = fmt::format("hadK_{}", order);
  return c.has(role) ? c.in(role) : at::Tensor();
}

// Q as QuaRot scales it: by a square root taken in float32, whose last place depends on the reference's machine. So the
// reference's root is read off its Q, and must be a neighbour of the exact one.
at::Tensor scaled_as_reference(const at::Tensor& q, const at::Tensor& reference) {
  const double exact = std::sqrt(static_cast<double>(q.size(0)));
  const double root = 1 / reference.abs().flatten()[0].item<double>();
  const auto nearest = static_cast<float>(exact);
  const double place = std::nextafter(nearest, INFINITY) - nearest;
  return std::abs(root - nearest) < 1.5 * place ? q * (exact / root) : q;
}

void check_hadamard(QuantCase& c) {
  const int64_t n = c.params().at("n");
  const at::Tensor had_k = c.has("hadK") ? c.in("hadK") : at::Tensor();
  const HadamardRotation rotation(n, had_k);
  const at::Tensor x = c.in("x"), q = random_hadamard(c.in("signs"), had_k);
  c.expect("y", rotation.apply(x));
  c.expect("y_transposed", rotation.apply_transposed(x));
  c.expect("H", rotation.apply(at::eye(n)));
  if (c.wants("Q")) c.expect("Q", scaled_as_reference(q, c.reference("Q")));
  c.expect("xQ", at::matmul(x.to(at::kDouble), q).to(at::kFloat));
}

void check_size_table(QuantCase& c, const at::Tensor& reference) {
  at::Tensor table = reference.clone();
  for (int64_t i = 0; i < table.size(0); ++i) {
    const auto n = table[i][0].item<int64_t>();
    table[i][1] = quarot_hadamard_factor(n, false);
    table[i][2] = quarot_hadamard_factor(n, true);
  }
  c.expect("table", table);
}

void expect_weights(QuantCase& c, const std::string& stage, const Decoder& model,
                    const std::array<TransformChain, kNumSites>& online) {
  c.expect(stage + ".model.embed_tokens.weight", model.embedding);
  c.expect(stage + ".lm_head.weight", model.head.weight);
  for (const Block& block : model.blocks)
    for (const auto& linear : llama_linears()) {
      const LinearPlace place = linear_place(linear);
      c.expect(fmt::format("{}.model.layers.{}.{}.weight", stage, block.index, linear),
               apply_weight(online[static_cast<size_t>(place.site)], block.at(place.site)[place.part].weight));
    }
}

// The rotated model, float, with the fixture's matrices.
Decoder rotated_model(const QuantCase& c) {
  Decoder model = c.tiny_llama();
  fold_norms(model);
  rotate_residual(model, c.in("Q"));
  if (heads_can_mix(model.config)) rotate_values(model);
  return model;
}

std::array<TransformChain, kNumSites> online(const QuantCase& c, const DecoderConfig& config) {
  return online_rotations(config, [&](int64_t width) { return injected_order(c, width); });
}

void check_rotation(QuantCase& c) {
  const at::Tensor ids = c.in("input_ids");
  Decoder model = c.tiny_llama();
  c.expect("logits_fp", model.logits(ids));
  fold_norms(model);
  c.expect("logits_fused", model.logits(ids));
  expect_weights(c, "fused", model, {});
  model = rotated_model(c);
  RoundingSettings rounding;
  rounding.transforms = online(c, model.config);
  expect_weights(c, "rotated", model, rounding.transforms);
  const QuantSpec floats = {{16, true}, {16, true}, {16, true}, {16, true}};
  for (Block& block : model.blocks) block = round_block(block, floats, rounding).quantised();
  c.expect("logits_rotated", model.logits(ids));
}

// The layouts of the key and value ranges, as the case words them.
std::shared_ptr<const QuantisedKvPath> kv_path(const QuantCase& c, const DecoderConfig& config, const QuantSpec& spec) {
  QuantisedKvPath::Parts parts;
  if (spec.key.is_float() && spec.value.is_float()) return nullptr;
  const std::string keys = c.params().at("k_quant"), values = c.params().at("v_quant");
  parts.key_grid = spec.key;
  parts.value_grid = spec.value;
  parts.key_clip = parts.value_clip = Clip::ratio(c.params().at("clip_ratio"));
  parts.query_rotation = parts.key_rotation = HadamardRotation(config.head_width).apply(at::eye(config.head_width));
  parts.per_head = keys.find("over all heads") == std::string::npos;
  parts.include_zero = values.find("NOT widened") == std::string::npos;
  return std::make_shared<QuantisedKvPath>(std::move(parts));
}

// y of one linear of block 0 from its stored input, with the stored weight.
at::Tensor teacher_forced(const QuantCase& c, const std::string& role, const Block& block, const DecoderConfig& config,
                          const at::Tensor& stored_weight) {
  const LinearPlace place = linear_place(role);
  auto parts = dynamic_cast<const QuantisedSite&>(*block.sites[static_cast<size_t>(place.site)]).parts();
  parts.linears[place.part].codes = stored_weight;
  parts.linears[place.part].scale = {};
  const at::Tensor y = QuantisedSite(parts).forward(c.in("x." + role), {})[place.part];
  if (!role.ends_with("v_proj") || !block.kv) return y;
  const at::Tensor heads = y.unflatten(-1, {-1, config.head_width}).transpose(1, 2);
  return block.kv->value(heads).transpose(1, 2).flatten(-2);
}

void check_quantised(QuantCase& c, const std::map<std::string, at::Tensor>& stored_weights) {
  const auto& p = c.params();
  const Grid keys = {p.at("k_bits"), p.at("kv_symmetric")}, values = {p.at("v_bits"), p.at("kv_symmetric")};
  const QuantSpec spec = {{p.at("w_bits"), p.at("w_symmetric")}, {p.at("a_bits"), p.at("a_symmetric")}, keys, values};
  Decoder model = rotated_model(c);
  RoundingSettings rounding;
  rounding.weight_clip = p.at("weight_mse_search").get<bool>() ? WeightClip::searched() : WeightClip{};
  rounding.activation_clip = Clip::ratio(p.at("clip_ratio"));
  rounding.transforms = online(c, model.config);
  for (Block& block : model.blocks) {
    CalibratedBlock rounded = round_block(block, spec, rounding);
    rounded.kv = kv_path(c, model.config, spec);
    block = rounded.quantised();
  }
  const Block& first = model.blocks[0];
  for (const auto& role : c.roles("x.")) {
    const LinearPlace place = linear_place(role);
    const auto& site = dynamic_cast<const QuantisedSite&>(*first.sites[static_cast<size_t>(place.site)]);
    c.expect("wq." + role, site.parts().linears[place.part].weight());
    c.expect("y." + role, teacher_forced(c, role, first, model.config, stored_weights.at(role)));
  }
  if (c.has("q_after_rope")) {
    const auto [q, k] = first.kv->query_key(c.in("q_after_rope"), c.in("k_after_rope"));
    c.expect("q_rotated", q);
    c.expect("k_rotated_quantised", k);
  }
  c.expect("logits_q", model.logits(c.in("input_ids")));
}

}  // namespace

void check_quarot_hadamard(QuantCase& c) {
  if (c.kind() == "hadamard") return check_hadamard(c);
  if (c.kind() == "table") return check_size_table(c, c.reference("table"));
}

void check_quarot_model(QuantCase& c) {
  if (c.kind() == "rotation") return check_rotation(c);
  if (c.kind() != "quantised rotated model") return;
  std::map<std::string, at::Tensor> stored;
  for (const auto& role : c.roles("x.")) stored[role] = c.reference("wq." + role);
  check_quantised(c, stored);
}

}  // namespace freeact
