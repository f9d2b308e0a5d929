#include "quant/quantised_site.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "ops/plain_rows.h"
#include "quant/row_kernels.h"
#include "util/error.h"

namespace freeact {
namespace {

at::Tensor get(const NamedTensors& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  return found == tensors.end() ? at::Tensor() : found->second;
}

void put(NamedTensors& tensors, const std::string& name, const at::Tensor& tensor) {
  if (tensor.defined()) tensors[name] = tensor.detach();
}

at::Tensor pack_grid(const Grid& grid) {
  const int symmetric = grid.symmetric ? 1 : 0;
  if (grid.group_size == 0) return at::tensor({grid.bits, symmetric}, at::kInt);
  return at::tensor({grid.bits, symmetric, static_cast<int>(grid.group_size)}, at::kInt);
}
Grid unpack_grid(const at::Tensor& packed) {
  const Grid grid = {packed[0].item<int>(), packed[1].item<int>() != 0,
                     packed.numel() > 2 ? packed[2].item<int64_t>() : 0};
  if (grid.bits < 2 || grid.bits > 16) throw UserError("a grid of {} bits, but 2 to 16 are possible", grid.bits);
  if (grid.group_size < 0) throw UserError("a grid with groups of {}", grid.group_size);
  return grid;
}

at::Tensor pack_text(const std::string& text) {
  return at::tensor(at::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t*>(text.data()), text.size()), at::kByte);
}
std::string unpack_text(const at::Tensor& bytes) {
  const at::Tensor plain = bytes.contiguous();
  return {reinterpret_cast<const char*>(plain.data_ptr<uint8_t>()), static_cast<size_t>(plain.numel())};
}

bool same_clip(const Clip& a, const Clip& b) {
  if (!a.max.defined() || !b.max.defined()) return a.max.defined() == b.max.defined();
  return at::equal(a.max, b.max) && at::equal(a.min, b.min);
}

// A sum of products of integers is exact in float32 up to here, in whatever order.
constexpr double kExactInFloat = 1 << 24;

// Codes less their zero points [O, D] in float32; undefined where a sum of their products with activations might not be
// exact, or needs more than one scale.
at::Tensor whole_weight(const QuantisedLinear& linear, const Grid& activations) {
  if (activations.is_float() || activations.num_groups(linear.codes.size(1)) != 1) return {};
  if (!linear.scale.scale.defined() || linear.scale.scale.size(1) != 1 || !linear.codes.is_cpu()) return {};
  at::Tensor whole_OD = linear.codes.to(at::kFloat);
  if (linear.scale.zero.defined()) whole_OD = whole_OD - linear.scale.zero;
  const double largest_code = activations.symmetric ? -activations.lowest() : activations.highest();
  const double largest_sum = whole_OD.abs().max().item<double>() * largest_code * static_cast<double>(whole_OD.size(1));
  return largest_sum < kExactInFloat ? whole_OD : at::Tensor();
}

// whole [B, T, O] exact sums, scale_BT1 of the tokens, scale_O1 of the outputs.
at::Tensor scaled_products(const at::Tensor& whole_BTO, const at::Tensor& scale_BT1, const at::Tensor& scale_O1,
                           const at::Tensor& bias) {
  const at::Tensor whole = whole_BTO.contiguous(), of_tokens = scale_BT1.contiguous(),
                   of_outputs = scale_O1.to(at::kFloat).contiguous(),
                   plain_bias = bias.defined() ? bias.to(at::kFloat).contiguous() : bias;
  at::Tensor y = at::empty_like(whole);
  const int64_t width = whole.size(-1), rows = of_tokens.numel();
  for (int64_t row = 0; row < rows; ++row)
    scale_products(whole.const_data_ptr<float>() + row * width, of_tokens.const_data_ptr<float>()[row],
                   of_outputs.const_data_ptr<float>(), bias.defined() ? plain_bias.const_data_ptr<float>() : nullptr,
                   width, y.mutable_data_ptr<float>() + row * width);
  return y;
}

}  // namespace

at::Tensor QuantisedLinear::weight() const {
  return scale.scale.defined() ? dequantise_weight(codes.to(scale.scale.scalar_type()), scale) : codes;
}

QuantisedLinear QuantisedLinear::on_device(at::Device device) const {
  return {freeact::on_device(codes, device),
          {freeact::on_device(scale.scale, device), freeact::on_device(scale.zero, device)},
          freeact::on_device(bias, device),
          activation_clip.on_device(device)};
}

QuantisedLinear quantise_linear(const at::Tensor& weight_OD, const at::Tensor& bias, const Grid& grid,
                                const WeightClip& clip) {
  if (grid.is_float()) return {weight_OD.detach(), {}, bias, {}};
  const Scale scale = weight_scale(weight_OD.detach(), grid, clip);
  const auto dtype = grid.symmetric ? at::kChar : at::kByte;
  return {quantise_weight(weight_OD.detach(), scale, grid).to(dtype), scale, bias, {}};
}

QuantisedSite::QuantisedSite(Parts parts) : parts_(std::move(parts)) {
  for (size_t i = 0; i < parts_.linears.size(); ++i) {
    const QuantisedLinear& linear = parts_.linears[i];
    whole_weights_.push_back(whole_weight(linear, parts_.activation_grid));
    const bool is_kept = linear.codes.is_cpu() && !whole_weights_.back().defined();
    weights_.push_back(is_kept ? linear.weight() : at::Tensor());
    shares_activation_.push_back(i > 0 && same_clip(linear.activation_clip, parts_.linears[i - 1].activation_clip));
  }
}

QuantisedSite::Parts QuantisedSite::Parts::on_device(at::Device device) const {
  Parts moved = {{}, activation_grid, {}, freeact::on_device(mean_ND, device), {}, branch.on_device(device)};
  for (const auto& transform : transforms) moved.transforms.push_back(transform->on_device(device));
  for (const QuantisedLinear& linear : linears) moved.linears.push_back(linear.on_device(device));
  for (const at::Tensor& bias : mean_bias_NO) moved.mean_bias_NO.push_back(bias.to(device));
  return moved;
}

std::shared_ptr<const Site> QuantisedSite::on_device(at::Device device) const {
  return std::make_shared<QuantisedSite>(parts_.on_device(device));
}

QuantisedSite::Split QuantisedSite::Parts::split(const at::Tensor& x_BTD, const at::Tensor& types_BT) const {
  const at::Tensor x = mean_ND.defined() ? x_BTD - rows_of_type(mean_ND, types_BT) : x_BTD;
  if (branch.empty()) return {x, {}};
  const at::Tensor past_BTR = branch.coefficients(x, types_BT);
  return {x - at::matmul(past_BTR, branch.write_RD), past_BTR};
}

at::Tensor QuantisedSite::Parts::complete(size_t linear, at::Tensor y_BTO, const Split& split,
                                          const at::Tensor& types_BT) const {
  if (mean_ND.defined()) y_BTO = y_BTO + rows_of_type(mean_bias_NO[linear], types_BT);
  if (!branch.products_RO.empty()) y_BTO = y_BTO + at::matmul(split.past_BTR, branch.products_RO[linear]);
  return y_BTO;
}

at::Tensor QuantisedSite::transformed(const at::Tensor& x_BTD, const at::Tensor& types_BT) const {
  return apply_activation(parts_.transforms, parts_.split(x_BTD, types_BT).x_BTD, types_BT);
}

struct QuantisedSite::View {
  at::Tensor values_BTD;            // on the grid
  at::Tensor whole_BTD, scale_BT1;  // codes less their zero points, and what one is worth; undefined unless plain
};

QuantisedSite::View QuantisedSite::view(const at::Tensor& z_BTD, const at::Tensor& types_BT, const Clip& clip) const {
  const Clip of_tokens = clip.of_tokens(types_BT);
  View x = {fake_quantise_activation(z_BTD, parts_.activation_grid, of_tokens), {}, {}};
  const bool is_exact =
      std::any_of(whole_weights_.begin(), whole_weights_.end(), [](const auto& w) { return w.defined(); });
  if (!is_exact || !is_plain(z_BTD)) return x;
  x.scale_BT1 = activation_scale(z_BTD, parts_.activation_grid, of_tokens).scale;
  x.whole_BTD = at::round(x.values_BTD / x.scale_BT1);
  return x;
}

at::Tensor QuantisedSite::product(size_t i, const View& x) const {
  const QuantisedLinear& linear = parts_.linears[i];
  if (!whole_weights_[i].defined())
    return at::linear(x.values_BTD, weights_[i].defined() ? weights_[i] : linear.weight(), linear.bias);
  if (!x.whole_BTD.defined()) return at::linear(x.values_BTD, linear.weight().to(x.values_BTD.options()), linear.bias);
  return scaled_products(at::linear(x.whole_BTD, whole_weights_[i]), x.scale_BT1, linear.scale.scale, linear.bias);
}

std::vector<at::Tensor> QuantisedSite::forward(const at::Tensor& x_BTD, const at::Tensor& types_BT) const {
  const Split split = parts_.split(x_BTD, types_BT);
  const at::Tensor z = apply_activation(parts_.transforms, split.x_BTD, types_BT);
  std::vector<at::Tensor> outputs;
  View x;
  for (size_t i = 0; i < parts_.linears.size(); ++i) {
    if (!shares_activation_[i]) x = view(z, types_BT, parts_.linears[i].activation_clip);
    outputs.push_back(parts_.complete(i, product(i, x), split, types_BT));
  }
  return outputs;
}

NamedTensors QuantisedSite::save(const std::string& prefix) const {
  NamedTensors all;
  put(all, prefix + "activation_grid", pack_grid(parts_.activation_grid));
  put(all, prefix + "mean", parts_.mean_ND);
  put(all, prefix + "branch_read", parts_.branch.read_DR);
  put(all, prefix + "branch_write", parts_.branch.write_RD);
  put(all, prefix + "branch_owner", parts_.branch.owner_R);
  for (size_t i = 0; i < parts_.transforms.size(); ++i) {
    const std::string at = fmt::format("{}transform{}.", prefix, i);
    put(all, at + "kind", pack_text(parts_.transforms[i]->kind()));
    for (const auto& [name, tensor] : parts_.transforms[i]->tensors()) put(all, at + name, tensor);
  }
  for (size_t i = 0; i < parts_.linears.size(); ++i) {
    const std::string at = fmt::format("{}linear{}.", prefix, i);
    const QuantisedLinear& linear = parts_.linears[i];
    put(all, at + "codes", linear.codes);
    put(all, at + "scale", linear.scale.scale);
    put(all, at + "zero", linear.scale.zero);
    put(all, at + "bias", linear.bias);
    put(all, at + "clip_max", linear.activation_clip.max);
    put(all, at + "clip_min", linear.activation_clip.min);
    if (parts_.mean_ND.defined()) put(all, at + "mean_bias", parts_.mean_bias_NO[i]);
    if (!parts_.branch.products_RO.empty()) put(all, at + "branch_product", parts_.branch.products_RO[i]);
  }
  return all;
}

std::shared_ptr<const QuantisedSite> QuantisedSite::load(const NamedTensors& tensors, const std::string& prefix) {
  Parts parts;
  parts.activation_grid = unpack_grid(tensors.at(prefix + "activation_grid"));
  parts.mean_ND = get(tensors, prefix + "mean");
  parts.branch = {get(tensors, prefix + "branch_read"),
                  get(tensors, prefix + "branch_write"),
                  get(tensors, prefix + "branch_owner"),
                  {}};
  for (int i = 0;; ++i) {
    const std::string at = fmt::format("{}transform{}.", prefix, i);
    if (!tensors.count(at + "kind")) break;
    NamedTensors own;
    for (auto it = tensors.lower_bound(at); it != tensors.end() && it->first.starts_with(at); ++it)
      own[it->first.substr(at.size())] = it->second;
    parts.transforms.push_back(make_transform(unpack_text(tensors.at(at + "kind")), own));
  }
  for (int i = 0;; ++i) {
    const std::string at = fmt::format("{}linear{}.", prefix, i);
    if (!tensors.count(at + "codes")) break;
    parts.linears.push_back({tensors.at(at + "codes"),
                             {get(tensors, at + "scale"), get(tensors, at + "zero")},
                             get(tensors, at + "bias"),
                             {get(tensors, at + "clip_max"), get(tensors, at + "clip_min")}});
    if (parts.mean_ND.defined()) parts.mean_bias_NO.push_back(tensors.at(at + "mean_bias"));
    if (tensors.count(at + "branch_product")) parts.branch.products_RO.push_back(tensors.at(at + "branch_product"));
  }
  return std::make_shared<QuantisedSite>(std::move(parts));
}

std::pair<at::Tensor, at::Tensor> QuantisedKvPath::query_key(const at::Tensor& q_BHTK, const at::Tensor& k_BGTK) const {
  const bool rotated = parts_.query_rotation.defined();
  const at::Tensor q = rotated ? at::matmul(q_BHTK, parts_.query_rotation) : q_BHTK;
  const at::Tensor k = rotated ? at::matmul(k_BGTK, parts_.key_rotation) : k_BGTK;
  // QuaRot widens a key's range to hold 0 in both layouts; only grouped values are not.
  return {q, quantise_heads(k, parts_.key_grid, parts_.key_clip, /*include_zero=*/true)};
}

at::Tensor QuantisedKvPath::value(const at::Tensor& v_BGTK) const {
  return quantise_heads(v_BGTK, parts_.value_grid, parts_.value_clip, parts_.include_zero);
}

std::shared_ptr<const KvPath> QuantisedKvPath::on_device(at::Device device) const {
  Parts moved = parts_;
  moved.query_rotation = freeact::on_device(parts_.query_rotation, device);
  moved.key_rotation = freeact::on_device(parts_.key_rotation, device);
  moved.key_clip = parts_.key_clip.on_device(device);
  moved.value_clip = parts_.value_clip.on_device(device);
  return std::make_shared<QuantisedKvPath>(std::move(moved));
}

at::Tensor QuantisedKvPath::quantise_heads(const at::Tensor& x_BGTK, const Grid& grid, const Clip& clip,
                                           bool include_zero) const {
  if (grid.is_float()) return x_BGTK;
  if (parts_.per_head) return fake_quantise(x_BGTK, activation_scale(x_BGTK, grid, clip, include_zero), grid);
  const at::Tensor tokens = x_BGTK.transpose(1, 2).flatten(-2);
  return fake_quantise_activation(tokens, grid, clip).unflatten(-1, {x_BGTK.size(1), -1}).transpose(1, 2);
}

NamedTensors QuantisedKvPath::save(const std::string& prefix) const {
  NamedTensors all;
  put(all, prefix + "query_rotation", parts_.query_rotation);
  put(all, prefix + "key_rotation", parts_.key_rotation);
  put(all, prefix + "key_grid", pack_grid(parts_.key_grid));
  put(all, prefix + "value_grid", pack_grid(parts_.value_grid));
  put(all, prefix + "key_clip_max", parts_.key_clip.max);
  put(all, prefix + "key_clip_min", parts_.key_clip.min);
  put(all, prefix + "value_clip_max", parts_.value_clip.max);
  put(all, prefix + "value_clip_min", parts_.value_clip.min);
  put(all, prefix + "layout", at::tensor({parts_.per_head ? 1 : 0, parts_.include_zero ? 1 : 0}, at::kInt));
  return all;
}

std::shared_ptr<const QuantisedKvPath> QuantisedKvPath::load(const NamedTensors& tensors, const std::string& prefix) {
  if (!tensors.count(prefix + "layout")) return nullptr;
  Parts parts;
  parts.query_rotation = get(tensors, prefix + "query_rotation");
  parts.key_rotation = get(tensors, prefix + "key_rotation");
  parts.key_grid = unpack_grid(tensors.at(prefix + "key_grid"));
  parts.value_grid = unpack_grid(tensors.at(prefix + "value_grid"));
  parts.key_clip = {get(tensors, prefix + "key_clip_max"), get(tensors, prefix + "key_clip_min")};
  parts.value_clip = {get(tensors, prefix + "value_clip_max"), get(tensors, prefix + "value_clip_min")};
  const at::Tensor layout = tensors.at(prefix + "layout");
  parts.per_head = layout[0].item<int>() != 0;
  parts.include_zero = layout[1].item<int>() != 0;
  return std::make_shared<QuantisedKvPath>(std::move(parts));
}

}  // namespace freeact
