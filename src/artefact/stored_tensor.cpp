#include "artefact/stored_tensor.h"

#include <ATen/ATen.h>

#include <numeric>

namespace freeact {
namespace {

bool fits_bfloat16(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kFloat && at::equal(tensor, tensor.to(at::kBFloat16).to(at::kFloat));
}

}  // namespace

int64_t StoredTensor::bytes() const {
  return std::accumulate(shape.begin(), shape.end(), static_cast<int64_t>(c10::elementSize(dtype)),
                         std::multiplies<>());
}

int64_t bytes_of(const TensorTable& table) {
  return std::accumulate(table.begin(), table.end(), int64_t{0},
                         [](int64_t sum, const StoredTensor& tensor) { return sum + tensor.bytes(); });
}

StoredTensor stored(const std::string& name, const at::Tensor& tensor) {
  return {name, tensor.scalar_type(), tensor.sizes().vec(), [tensor] { return tensor; }};
}

StoredTensor stored_numbers(const std::string& name, const at::Tensor& tensor) {
  if (!fits_bfloat16(tensor)) return stored(name, tensor);
  return {name, at::kBFloat16, tensor.sizes().vec(), [tensor] { return tensor.to(at::kBFloat16); }};
}

}  // namespace freeact
