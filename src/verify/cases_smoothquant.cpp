#include <ATen/ATen.h>

#include "baselines/smoothquant/smoothquant.h"
#include "calibration/site_maxima.h"
#include "verify/quant_case.h"

namespace freeact {
namespace {

std::vector<SiteMaxima> maxima_of(const QuantCase& c, const Decoder& model) {
  return collect_model_maxima(model, {c.in("input_ids")});
}

void check_calibration(QuantCase& c) {
  const Decoder model = c.tiny_llama();
  const auto maxima = maxima_of(c, model);
  for (size_t layer = 0; layer < maxima.size(); ++layer)
    for (const auto& linear : llama_linears())
      c.expect(fmt::format("model.layers.{}.{}", layer, linear),
               maxima[layer][static_cast<size_t>(linear_place(linear).site)]);
  at::Tensor head_input;
  const Observer observer = [&](const std::string& point, const at::Tensor& value) {
    if (point == "final_norm") head_input = value;
  };
  ForwardContext context = model.context(c.in("input_ids"));
  context.observer = &observer;
  c.expect("logits_fp", model.logits(c.in("input_ids"), context));
  c.expect("lm_head", head_input.flatten(0, 1).abs().amax(0));
}

Decoder smoothed_model(const QuantCase& c, const QuantSpec& spec = {}) {
  Decoder model = c.tiny_llama();
  SmoothQuantConfig config;
  config.alpha = c.params().at("alpha");
  SmoothQuant(config, {spec, 0}).prepare(model, {c.in("input_ids")});
  return model;
}

// The scales themselves, before they are folded.
void expect_scales(QuantCase& c) {
  const Decoder model = c.tiny_llama();
  const auto maxima = maxima_of(c, model);
  for (const Block& block : model.blocks)
    for (const auto& [id, name] : {std::pair{SiteId::kAttentionQkv, "attn"}, std::pair{SiteId::kMlpGateUp, "mlp"}}) {
      const at::Tensor& largest = maxima[static_cast<size_t>(block.index)][static_cast<size_t>(id)];
      c.expect(fmt::format("s.layers.{}.{}", block.index, name),
               smoothing_scale(largest, block.at(id), c.params().at("alpha")));
    }
}

void check_smoothed(QuantCase& c) {
  expect_scales(c);
  const Decoder model = smoothed_model(c);
  for (const Block& block : model.blocks) {
    const std::string layer = fmt::format("smoothed.model.layers.{}.", block.index);
    for (const auto& linear : llama_linears())
      c.expect(layer + linear + ".weight", block.at(linear_place(linear).site)[linear_place(linear).part].weight);
    c.expect(layer + "input_layernorm.weight", block.attention_norm);
    c.expect(layer + "post_attention_layernorm.weight", block.mlp_norm);
  }
  c.expect("logits_smoothed_fp", model.logits(c.in("input_ids")));
}

// Two linears behind a LayerNorm with bias: what the scale does to a norm that has one.
void check_layer_norm(QuantCase& c) {
  at::Tensor weight = c.in("ln_weight"), bias = c.in("ln_bias");
  std::vector<Linear> linears = {{c.in("w0"), c.in("b0")}, {c.in("w1"), c.in("b1")}};
  smooth(smoothing_scale(c.in("act_scales"), linears, c.params().at("alpha")), weight, linears, &bias);
  c.expect("ln_weight", weight);
  c.expect("ln_bias", bias);
  const at::Tensor x = at::layer_norm(c.in("x"), {weight.size(0)}, weight, bias, c.params().at("eps").get<double>());
  for (size_t i = 0; i < linears.size(); ++i) {
    c.expect(fmt::format("w{}", i), linears[i].weight);
    c.expect(fmt::format("y{}", i), linears[i](x));
  }
}

void check_quantised(QuantCase& c) {
  const int bits = c.params().at("bits");
  const QuantSpec spec = {{bits, true}, {bits, true}, {16, true}, {16, true}};
  Decoder model = smoothed_model(c, spec);
  for (Block& block : model.blocks) block = round_block(block, spec, {}).quantised();
  for (const auto& role : c.roles("x.")) {
    const LinearPlace place = linear_place(role);
    const auto& site = model.blocks[0].sites[static_cast<size_t>(place.site)];
    c.expect("y." + role, site->forward(c.in("x." + role), {})[place.part]);
  }
  c.expect("logits_q", model.logits(c.in("input_ids")));
}

}  // namespace

void check_smoothquant(QuantCase& c) {
  const std::string kind = c.kind();
  if (kind == "calibration") return check_calibration(c);
  if (kind == "quantised model") return check_quantised(c);
  if (kind == "smooth") return c.has("ln_weight") ? check_layer_norm(c) : check_smoothed(c);
}

}  // namespace freeact
