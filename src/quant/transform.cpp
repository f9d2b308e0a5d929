#include "quant/transform.h"

#include <ATen/ATen.h>

#include <numeric>

#include "ops/ops.h"
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

}  // namespace

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
at::Tensor ScaleTransform::weight(const at::Tensor& weight_OD) const {
  return weight_OD / scale_;
}

HadamardTransform::HadamardTransform(int64_t width, at::Tensor had_k)
    : width_(width), had_k_(std::move(had_k)), rotation_(width_, had_k_) {}
at::Tensor HadamardTransform::activation(const at::Tensor& x_BTD, const at::Tensor&) const {
  return rotation_.apply(x_BTD);
}
at::Tensor HadamardTransform::weight(const at::Tensor& weight_OD) const {
  return rotation_.apply(weight_OD);
}
NamedTensors HadamardTransform::tensors() const {
  return defined_only({{"width", at::scalar_tensor(width_, at::kLong)}, {"had_k", had_k_}});
}

at::Tensor KroneckerTransform::activation(const at::Tensor& x_BTD, const at::Tensor&) const {
  return kronecker_apply(x_BTD, f_.left, f_.right);
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
