#include "quant/transform.h"

#include <ATen/ATen.h>

#include <numeric>

#include "ops/ops.h"
#include "ops/plain_rows.h"
#include "quant/row_kernels.h"
#include "util/error.h"

namespace freeact {
namespace {

at::Tensor tensor_of(const NamedTensors& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  return found == tensors.end() ? at::Tensor() : found->second;
}

// Drops undefined tensors.
NamedTensors defined_only(NamedTensors tensors) {
  std::erase_if(tensors, [](const auto& entry) { return !entry.second.defined(); });
  return tensors;
}

// A vector or table [.., width] whose rows can be read as they lie.
bool is_plain_table(const at::Tensor& table, int64_t dims, int64_t width) {
  return table.dim() == dims && table.size(-1) == width && is_plain(table) && table.is_contiguous();
}

bool is_plain_factor(const at::Tensor& factor) {
  return !factor.defined() || (factor.dim() == 2 && factor.size(0) == factor.size(1) && is_plain(factor));
}

}  // namespace

void Transform::activation_rows(const PlainRows& /*rows*/) const {
  throw Defect("the transform '" + kind() + "' has no form for plain rows");
}

std::shared_ptr<const Transform> Transform::on_device(at::Device device) const {
  NamedTensors moved;
  for (const auto& [name, tensor] : tensors()) moved[name] = tensor.to(device);
  return make_transform(kind(), moved);
}

at::Tensor apply_activation(const TransformChain& chain, at::Tensor x_BTD, const at::Tensor& types_BT) {
  for (const auto& transform : chain) x_BTD = transform->activation(x_BTD, types_BT);
  return x_BTD;
}

at::Tensor apply_weight(const TransformChain& chain, at::Tensor weight_OD) {
  for (const auto& transform : chain) weight_OD = transform->weight(weight_OD);
  return weight_OD;
}

at::Tensor ScaleTransform::activation(const at::Tensor& x_BTD, const at::Tensor&) const {
  return x_BTD * scale_;
}
bool ScaleTransform::has_rows(int64_t width) const {
  return is_plain_table(scale_, 1, width);
}
void ScaleTransform::activation_rows(const PlainRows& r) const {
  const auto* scale = scale_.const_data_ptr<float>();
  for (int64_t row = 0; row < r.rows; ++row) multiply_row(r.x + row * r.width, scale, r.width, r.y + row * r.width);
}
at::Tensor ScaleTransform::weight(const at::Tensor& weight_OD) const {
  return weight_OD / scale_;
}

HadamardTransform::HadamardTransform(int64_t width, at::Tensor had_k)
    : width_(width), had_k_(std::move(had_k)), rotation_(width_, had_k_) {}
at::Tensor HadamardTransform::activation(const at::Tensor& x_BTD, const at::Tensor&) const {
  return rotation_.apply(x_BTD);
}
void HadamardTransform::activation_rows(const PlainRows& r) const {
  rotation_.apply_rows(r.x, r.rows, r.y);
}
at::Tensor HadamardTransform::weight(const at::Tensor& weight_OD) const {
  return rotation_.apply(weight_OD);
}
NamedTensors HadamardTransform::tensors() const {
  return defined_only({{"width", at::scalar_tensor(width_, at::kLong)}, {"had_k", had_k_}});
}
std::shared_ptr<const Transform> HadamardTransform::on_device(at::Device device) const {
  auto moved = std::make_shared<HadamardTransform>(*this);
  moved->rotation_.keep_on(device);
  return moved;
}

KroneckerTransform::KroneckerTransform(Factors factors) : f_(std::move(factors)) {
  if ((f_.left.defined() || f_.right.defined()) && is_plain_factor(f_.left) && is_plain_factor(f_.right))
    ordered_.emplace(f_.left, f_.right);
}
at::Tensor KroneckerTransform::activation(const at::Tensor& x_BTD, const at::Tensor&) const {
  const int64_t width = x_BTD.size(-1);
  if (!is_plain(x_BTD) || !has_rows(width)) return kronecker_apply(x_BTD, f_.left, f_.right);
  return map_rows(x_BTD, [&](const float* x, int64_t rows, float* y) { ordered_->apply(x, rows, width, y); });
}
void KroneckerTransform::activation_rows(const PlainRows& r) const {
  ordered_->apply(r.x, r.rows, r.width, r.y);
}
at::Tensor KroneckerTransform::weight(const at::Tensor& weight_OD) const {
  return kronecker_apply(weight_OD, f_.left_inverse_t, f_.right_inverse_t);
}
NamedTensors KroneckerTransform::tensors() const {
  return defined_only({{"left", f_.left},
                       {"right", f_.right},
                       {"left_inverse_t", f_.left_inverse_t},
                       {"right_inverse_t", f_.right_inverse_t}});
}

at::Tensor SliceTransform::activation(const at::Tensor& x_BTD, const at::Tensor& types_BT) const {
  return x_BTD * rows_of_type(keep_, types_BT);
}

bool SliceTransform::has_rows(int64_t width) const {
  return is_plain_table(keep_, 2, width);
}
void SliceTransform::activation_rows(const PlainRows& r) const {
  FREEACT_CHECK(r.types != nullptr, "a per-type table needs the token types of the batch");
  const auto* keep = keep_.const_data_ptr<float>();
  for (int64_t row = 0; row < r.rows; ++row) {
    const int64_t type = r.types[row];
    FREEACT_CHECK(type >= 0 && type < keep_.size(0), "token type {} of {}", type, keep_.size(0));
    multiply_row(r.x + row * r.width, keep + type * r.width, r.width, r.y + row * r.width);
  }
}

at::Tensor rows_of_type(const at::Tensor& table_ND, const at::Tensor& types_BT) {
  FREEACT_CHECK(types_BT.defined(), "a per-type table needs the token types of the batch");
  return at::embedding(table_ND, types_BT);
}

at::Tensor slice_mask(int64_t width, const std::vector<int64_t>& ranks) {
  const int64_t exclusive = std::accumulate(ranks.begin(), ranks.end(), int64_t{0});
  for (const int64_t rank : ranks)
    if (rank < 0 || exclusive > width)
      throw UserError("exclusive ranks must be zero or more and add up to at most the width {}", width);
  const auto num_types = static_cast<int64_t>(ranks.size());
  at::Tensor keep = at::ones({num_types, width});
  int64_t begin = width - exclusive;
  for (int64_t owner = 0; owner < num_types; ++owner) {
    const int64_t end = begin + ranks[static_cast<size_t>(owner)];
    for (int64_t type = 0; type < num_types; ++type)
      if (type != owner) keep.select(0, type).slice(0, begin, end).zero_();
    begin = end;
  }
  return keep;
}

std::shared_ptr<const Transform> make_transform(const std::string& kind, const NamedTensors& tensors) {
  if (kind == "scale") return std::make_shared<ScaleTransform>(tensor_of(tensors, "scale"));
  if (kind == "hadamard")
    return std::make_shared<HadamardTransform>(tensor_of(tensors, "width").item<int64_t>(),
                                               tensor_of(tensors, "had_k"));
  if (kind == "kronecker")
    return std::make_shared<KroneckerTransform>(
        KroneckerTransform::Factors{tensor_of(tensors, "left"), tensor_of(tensors, "right"),
                                    tensor_of(tensors, "left_inverse_t"), tensor_of(tensors, "right_inverse_t")});
  if (kind == "slices") return std::make_shared<SliceTransform>(tensor_of(tensors, "keep"));
  throw UserError("saved state holds a transform of the unknown kind '{}'", kind);
}

}  // namespace freeact
