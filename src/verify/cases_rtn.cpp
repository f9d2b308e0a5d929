#include <ATen/ATen.h>

#include "quant/quantiser.h"
#include "verify/quant_case.h"

namespace freeact {
namespace {

Grid grid_of(const nlohmann::json& params, const char* bits = "bits", const char* symmetric = "symmetric") {
  return {params.at(bits).get<int>(), params.at(symmetric).get<bool>()};
}

// Codes, dequantised values and scales; `shape` undoes the grouping of the input.
void expect_quantised(QuantCase& c, const at::Tensor& x, const Scale& s, const Grid& grid, at::IntArrayRef shape,
                      bool grouped) {
  const at::Tensor codes = quantise(x, s, grid);
  const auto ungroup = [&](const at::Tensor& t) { return grouped ? t.squeeze(-1) : t; };
  c.expect("scale", ungroup(s.scale));
  if (s.zero.defined()) c.expect("zero", ungroup(s.zero));
  c.expect("codes", codes.reshape(shape).to(grid.symmetric ? at::kChar : at::kByte));
  c.expect("dequant", dequantise(codes, s).reshape(shape));
}

void check_activation(QuantCase& c) {
  const at::Tensor x = c.in("x");
  const Grid grid = grid_of(c.params());
  const Clip clip = Clip::ratio(c.params().value("clip_ratio", 1.0));
  if (c.params().at("granularity") == "per_token")
    return expect_quantised(c, x, activation_scale(x, grid, clip), grid, x.sizes(), false);
  const at::Tensor groups = split_groups(x, c.params().at("group_size").get<int64_t>());
  expect_quantised(c, groups, activation_scale(groups, grid, clip, /*include_zero=*/false), grid, x.sizes(), true);
}

void check_weight(QuantCase& c) {
  const at::Tensor w = c.in("w");
  const Grid grid = grid_of(c.params());
  const auto clip = c.params().value("mse_search", false) ? WeightClip::searched() : WeightClip{};
  const std::string granularity = c.params().at("granularity");
  if (granularity == "per_tensor")
    return expect_quantised(c, w, weight_scale_per_tensor(w, grid), grid, w.sizes(), false);
  if (granularity == "per_output_channel")
    return expect_quantised(c, w, weight_scale(w, grid, clip), grid, w.sizes(), false);
  const at::Tensor groups = split_groups(w, c.params().at("group_size").get<int64_t>());
  const Scale rows = weight_scale(groups.flatten(0, 1), grid, clip);
  const auto regroup = [&](const at::Tensor& t) { return t.defined() ? t.unflatten(0, {w.size(0), -1}) : t; };
  expect_quantised(c, groups, {regroup(rows.scale), regroup(rows.zero)}, grid, w.sizes(), true);
}

void check_linear(QuantCase& c) {
  const Grid activations = grid_of(c.params(), "a_bits", "a_symmetric");
  const Grid weights = grid_of(c.params(), "w_bits", "w_symmetric");
  const at::Tensor w = c.in("w"), bias = c.has("bias") ? c.in("bias") : at::Tensor();
  const at::Tensor rounded = weights.is_float() ? w : fake_quantise(w, weight_scale(w, weights), weights);
  c.expect("y", at::linear(fake_quantise_activation(c.in("x"), activations), rounded, bias));
  c.expect("y_fp", at::linear(c.in("x"), w, bias));
}

}  // namespace

void check_rtn(QuantCase& c) {
  if (c.kind() == "activation") return check_activation(c);
  if (c.kind() == "weight") return check_weight(c);
  if (c.kind() == "linear") return check_linear(c);
}

}  // namespace freeact
