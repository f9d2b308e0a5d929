// A whole block trained as FlatQuant's cali_flat_quant does, then folded, rounded and run.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "calibration/learning.h"
#include "verify/parameter_set.h"

namespace freeact {
namespace {

void fill_site(LearnableSite& site, const Block& block, SiteId id, const QuantSpec& spec, const ParameterSet& p,
               const std::vector<std::string>& names) {
  site.weight_grid = spec.weight;
  site.activation_grid = spec.activation;
  for (size_t i = 0; i < names.size(); ++i)
    site.parts.push_back({block.at(id)[i], p.clip(names[i] + ".clip_factor_w"),
                          p.clip(names[i] + ".act_quantizer.clip_factor_a"), nullptr});
}

std::shared_ptr<LearnableKvPath> kv_of(const ParameterSet& p, const QuantSpec& spec) {
  if (spec.key.is_float() && spec.value.is_float()) return nullptr;
  auto kv = std::make_shared<LearnableKvPath>();
  kv->key_grid = spec.key;
  kv->value_grid = spec.value;
  kv->key_basis = p.matrix("self_attn.kcache_trans.");
  kv->key_clip = p.clip("self_attn.k_cache_quantizer.clip_factor_a");
  kv->value_clip = p.clip("self_attn.v_cache_quantizer.clip_factor_a");
  return kv;
}

// The learned block from the fixture's own start, under the reference's names.
LearnedBlock learned_block(const Block& block, const QuantSpec& spec, const ParameterSet& p) {
  LearnedBlock learned;
  learned.block = block;
  for (auto& site : learned.sites) site = std::make_shared<LearnableSite>();
  learned.heads_basis = p.matrix("self_attn.o_trans.");
  learned.value_basis = p.matrix("self_attn.vcache_trans.");
  const auto fill = [&](SiteId id, const std::vector<std::string>& names) {
    fill_site(learned.site(id), block, id, spec, p, names);
  };
  fill(SiteId::kAttentionQkv, {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"});
  fill(SiteId::kAttentionOutput, {"self_attn.o_proj"});
  fill(SiteId::kMlpGateUp, {"mlp.gate_proj", "mlp.up_proj"});
  fill(SiteId::kMlpDown, {"mlp.down_proj"});
  learned.site(SiteId::kAttentionQkv).transform = p.kronecker("self_attn.ln_trans.");
  learned.site(SiteId::kMlpGateUp).transform = p.kronecker("mlp.up_gate_trans.");
  learned.site(SiteId::kMlpDown).transform = p.kronecker("mlp.down_trans.");
  learned.site(SiteId::kAttentionOutput).transform.left = learned.heads_basis;
  learned.site(SiteId::kAttentionOutput).upstream = learned.value_basis;
  learned.site(SiteId::kAttentionQkv).parts[2].output_basis = learned.value_basis;
  learned.kv = kv_of(p, spec);
  for (size_t i = 0; i < kNumSites; ++i) learned.block.sites[i] = learned.sites[i];
  learned.block.kv = learned.kv;
  return learned;
}

// What is rounded after folding: the transformed weights, with down's scale in the rows of up.
void expect_folded(QuantCase& c, const LearnedBlock& learned, const CalibratedBlock& frozen) {
  const at::NoGradGuard no_grad;
  const std::string stage = "reparameterised.";
  for (const auto& name : llama_linears()) {
    const LinearPlace place = linear_place(name);
    at::Tensor w = learned.site(place.site).transformed_weight(place.part);
    const at::Tensor rows = learned.site(SiteId::kMlpDown).transform.scale;
    if (name.ends_with("up_proj") && rows.defined()) w = w * rows.unsqueeze(-1);
    c.expect(stage + name + ".linear.weight", w);
  }
  c.expect(stage + "input_layernorm.weight", frozen.equivalent.attention_norm);
  c.expect(stage + "post_attention_layernorm.weight", frozen.equivalent.mlp_norm);
  c.expect(stage + "self_attn.o_trans.linear.weight", learned.heads_basis->matrix());
  c.expect(stage + "self_attn.vcache_trans.linear.weight", learned.value_basis->matrix());
  if (learned.kv && learned.kv->key_basis)
    c.expect(stage + "self_attn.kcache_trans.linear.weight", learned.kv->key_basis->matrix());
}

QuantSpec spec_of(const nlohmann::json& p) {
  return {{p.at("w_bits"), p.at("w_symmetric")},
          {p.at("a_bits"), p.at("a_symmetric")},
          {p.at("k_bits"), p.at("kv_symmetric")},
          {p.at("v_bits"), p.at("kv_symmetric")}};
}

}  // namespace

void check_flatquant_block(QuantCase& c) {
  Decoder model = c.tiny_llama();
  const QuantSpec spec = spec_of(c.params());
  const auto ids = c.in("input_ids").split(c.params().at("batch").get<int64_t>());
  c.expect("logits_fp", model.logits(c.in("input_ids")));
  auto batches = first_block_batches(model, {ids.begin(), ids.end()});
  for (auto& batch : batches)
    batch.outputs_BTD = model.blocks[0].forward(batch.inputs_BTD, batch.context, model.config);
  c.expect("target_step1", batches[0].outputs_BTD);

  const ParameterSet p(c, "init.");
  const LearnedBlock learned = learned_block(model.blocks[0], spec, p);
  c.expect("quant_out_step1", learned.block.forward(batches[0].inputs_BTD, batches[0].context, model.config));
  LearningSettings settings;
  settings.trainer.epochs = c.params().at("epochs");
  settings.trainer.learning_rate = c.params().at("flat_lr");
  expect_trace(c, train_block(learned, batches, model.config, settings, check_steps(c, p, c.params().at("steps"))));

  const CalibratedBlock frozen = learned.freeze();
  expect_folded(c, learned, frozen);
  model.blocks[0] = frozen.quantised();
  c.expect("logits_final", model.logits(c.in("input_ids")));
}

}  // namespace freeact
