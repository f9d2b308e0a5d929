#include "artefact/tensor_source.h"

#include <ATen/ATen.h>

#include "util/error.h"

namespace freeact {

TensorSource::TensorSource(const CheckpointFolder& folder, at::ScalarType dtype) : folder_(folder), dtype_(dtype) {
  for (const auto& name : folder.names()) left_.insert(name);
}

at::Tensor TensorSource::copy(const std::string& name) {
  left_.erase(name);
  const at::Tensor stored = folder_.tensor(name);
  const bool narrowed = dtype_ == at::kFloat && stored.scalar_type() == at::kBFloat16;
  return narrowed ? stored.to(at::kFloat) : stored.clone();
}

at::Tensor TensorSource::take(const std::string& name, const std::vector<int64_t>& shape) {
  const std::string where = folder_.path().string();
  if (!has(name)) throw UserError("saved model '{}' lacks the tensor '{}': quantise the model again", where, name);
  const at::Tensor tensor = copy(name);
  if (tensor.sizes() != at::IntArrayRef(shape))
    throw UserError("saved model '{}': tensor '{}' is {}, expected {}", where, name, shape_text(tensor.sizes()),
                    shape_text(shape));
  return tensor;
}

at::Tensor TensorSource::take_if_there(const std::string& name, const std::vector<int64_t>& shape) {
  return has(name) ? take(name, shape) : at::Tensor();
}

NamedTensors TensorSource::take_all(const std::string& prefix) {
  NamedTensors all;
  std::vector<std::string> names;
  for (auto it = left_.lower_bound(prefix); it != left_.end() && it->starts_with(prefix); ++it) names.push_back(*it);
  for (const auto& name : names) all[name] = copy(name);
  return all;
}

void TensorSource::refuse_left_over() const {
  if (left_.empty()) return;
  throw UserError("saved model '{}' holds {} tensors that nothing of its config.json reads, such as '{}'",
                  folder_.path().string(), left_.size(), *left_.begin());
}

}  // namespace freeact
