// The tensors of a folder, known by name, type and shape before any of their numbers is made: a large model is packed
// and written piece by piece, and its size is known beforehand.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace freeact {

struct StoredTensor {
  std::string name;
  at::ScalarType dtype;
  std::vector<int64_t> shape;
  std::function<at::Tensor()> make;

  int64_t bytes() const;
};

using TensorTable = std::vector<StoredTensor>;
int64_t bytes_of(const TensorTable& table);

// A tensor as it is.
StoredTensor stored(const std::string& name, const at::Tensor& tensor);
// Numbers as published, such as a norm: float32 that bfloat16 holds exactly is stored as bfloat16. Whoever reads them
// knows the type the model computes in, so that nothing is lost.
StoredTensor stored_numbers(const std::string& name, const at::Tensor& tensor);

}  // namespace freeact
