#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "calibration/learned_block.h"
#include "ops/ops.h"

namespace freeact {
namespace {

constexpr double kClipStart = 4.0;

}  // namespace

at::Tensor apply_output_basis(const at::Tensor& rows, const at::Tensor& basis) {
  const at::Tensor heads = rows.unflatten(0, {-1, basis.size(0)});
  return at::matmul(basis.t(), heads).flatten(0, 1);
}

LearnedClip LearnedClip::start(at::IntArrayRef shape, at::Device device) {
  const auto raw = [&] { return at::full(shape, kClipStart, device).set_requires_grad(true); };
  return {raw(), raw()};
}

LearnedClip LearnedClip::of_rule(const ClipRule& rule, at::IntArrayRef shape, at::Device device) {
  if (rule.kind == ClipKind::kLearned) return start(shape, device);
  if (rule.kind != ClipKind::kFixed) return {};
  const at::Tensor raw = at::full(shape, std::log(rule.ratio / (1 - rule.ratio)), device);
  return {raw, raw};
}

void LearnedClip::append_trainable(std::vector<at::Tensor>& all) const {
  if (!max.defined() || !max.requires_grad()) return;
  all.push_back(max);
  all.push_back(min);
}

Clip LearnedClip::value() const {
  if (!max.defined()) return {};
  return {at::sigmoid(max), at::sigmoid(min)};
}

void LearnableSite::add_parts(const std::vector<Linear>& linears, const QuantSpec& spec, const ClippingPolicy& policy,
                              int64_t num_clips) {
  weight_grid = spec.weight;
  activation_grid = spec.activation;
  if (policy.weight.kind == ClipKind::kSearched) final_weight_clip = WeightClip::searched();
  for (const Linear& linear : linears) {
    const int64_t num_ranges = spec.weight.num_groups(linear.weight.size(1));
    const at::Device device = linear.weight.device();
    const LearnedClip of_weight = LearnedClip::of_rule(policy.weight, {linear.weight.size(0), num_ranges}, device);
    parts.push_back({linear, of_weight, LearnedClip::of_rule(policy.activation, {num_clips}, device), nullptr});
  }
}

at::Tensor LearnableSite::input_mean() const {
  return upstream ? kronecker_apply(mean_ND, {}, upstream->matrix()) : mean_ND;
}

TypeBranch LearnableSite::input_branch() const {
  return upstream ? branch.in_basis({}, upstream->matrix(), upstream->inverse_transpose()) : branch;
}

LearnableSite::Split LearnableSite::split(const at::Tensor& x_BTD, const at::Tensor& types_BT) const {
  at::Tensor x = mean_ND.defined() ? x_BTD - rows_of_type(input_mean(), types_BT) : x_BTD, past_BTR;
  if (!branch.empty()) {
    const TypeBranch here = input_branch();
    past_BTR = here.coefficients(x, types_BT);
    x = x - at::matmul(past_BTR, here.write_RD);
  }
  const at::Tensor z = transform.activation(x);
  return {keep_ND.defined() ? z * rows_of_type(keep_ND, types_BT) : z, past_BTR};
}

at::Tensor LearnableSite::transformed(const at::Tensor& x_BTD, const at::Tensor& types_BT) const {
  return split(x_BTD, types_BT).z_BTD;
}

at::Tensor LearnableSite::quantised_activation(const at::Tensor& z_BTD, const at::Tensor& types_BT, size_t part) const {
  const Clip clip = parts[part].activation_clip.value().of_tokens(types_BT);
  return fake_quantise_activation(z_BTD, activation_grid, clip);
}

at::Tensor LearnableSite::unclipped_weight(size_t part) const {
  const at::Tensor& weight = parts[part].linear.weight;
  return transform.weight(upstream ? kronecker_apply(weight, {}, upstream->inverse_transpose()) : weight);
}

at::Tensor LearnableSite::transformed_weight(size_t part) const {
  const Part& p = parts[part];
  at::Tensor w = unclipped_weight(part);
  if (!weight_grid.is_float()) w = clip_weight(w, p.weight_clip.value());  // 16 bits need no clipping
  return p.output_basis ? apply_output_basis(w, p.output_basis->matrix()) : w;
}

at::Tensor LearnableSite::quantised_weight(size_t part) const {
  const Part& p = parts[part];
  if (p.output_basis) return fake_quantise_weight(transformed_weight(part), weight_grid);
  return fake_quantise_weight(unclipped_weight(part), weight_grid, p.weight_clip.value());
}

at::Tensor LearnableSite::output_bias(size_t part) const {
  const Part& p = parts[part];
  if (!p.linear.bias.defined() || !p.output_basis) return p.linear.bias;
  return apply_output_basis(p.linear.bias.unsqueeze(-1), p.output_basis->matrix()).squeeze(-1);
}

at::Tensor LearnableSite::product(const at::Tensor& z_BTD, const at::Tensor& types_BT, size_t part) const {
  const at::Tensor x = quantised_activation(z_BTD, types_BT, part), w = quantised_weight(part), b = output_bias(part);
  if (precision == Precision::kFloat32) return at::linear(x, w, b);
  const at::Tensor y = at::linear(x.to(at::kBFloat16), w.to(at::kBFloat16)).to(x.scalar_type());
  return b.defined() ? y + b : y;
}

at::Tensor LearnableSite::in_output_basis(const at::Tensor& image, size_t part) const {
  const auto& basis = parts[part].output_basis;
  return basis ? apply_output_basis(image.t(), basis->matrix()).t() : image;
}

std::vector<at::Tensor> LearnableSite::forward(const at::Tensor& x_BTD, const at::Tensor& types_BT) const {
  const auto [z, past_quantiser] = split(x_BTD, types_BT);
  std::vector<at::Tensor> outputs;
  for (size_t i = 0; i < parts.size(); ++i) {
    at::Tensor y = product(z, types_BT, i);
    // The mean's exact image: float mean times float original weight (README of the reference outputs, point 22).
    if (mean_ND.defined()) {
      const at::Tensor image = at::matmul(mean_ND, parts[i].linear.weight.t());
      y = y + rows_of_type(in_output_basis(image, i), types_BT);
    }
    if (!branch.products_RO.empty()) y = y + at::matmul(past_quantiser, in_output_basis(branch.products_RO[i], i));
    outputs.push_back(y);
  }
  return outputs;
}

std::pair<at::Tensor, at::Tensor> LearnableKvPath::query_key(const at::Tensor& q_BHTK, const at::Tensor& k_BGTK) const {
  if (key_grid.is_float()) return {q_BHTK, k_BGTK};
  const at::Tensor q = key_basis ? at::matmul(q_BHTK, key_basis->inverse_transpose()) : q_BHTK;
  const at::Tensor k = key_basis ? at::matmul(k_BGTK, key_basis->matrix()) : k_BGTK;
  return {q, fake_quantise_activation(k, key_grid, key_clip.value())};
}

at::Tensor LearnableKvPath::value(const at::Tensor& v_BGTK) const {
  return fake_quantise_activation(v_BGTK, value_grid, value_clip.value());
}

std::shared_ptr<const QuantisedKvPath> LearnableKvPath::freeze() const {
  const at::NoGradGuard no_grad;
  QuantisedKvPath::Parts p;
  if (key_basis) {
    p.query_rotation = key_basis->inverse_transpose().detach().clone();
    p.key_rotation = key_basis->matrix().detach().clone();
  }
  p.key_grid = key_grid;
  p.value_grid = value_grid;
  p.key_clip = key_clip.value();
  p.value_clip = value_clip.value();
  return std::make_shared<QuantisedKvPath>(std::move(p));
}

}  // namespace freeact
