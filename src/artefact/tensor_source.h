// The tensors of a saved folder as they are taken out, each once.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "checkpoint/folder.h"
#include "quant/transform.h"

namespace freeact {

class TensorSource {
 public:
  // dtype: what the model computes in.
  TensorSource(const CheckpointFolder& folder, at::ScalarType dtype);

  const CheckpointFolder& folder() const { return folder_; }
  at::ScalarType dtype() const { return dtype_; }
  bool has(const std::string& name) const { return folder_.contains(name); }
  // All take copies; bfloat16 of a model that computes in float32 becomes float32. Throws UserError where the tensor is
  // missing or of another shape.
  at::Tensor take(const std::string& name, const std::vector<int64_t>& shape);
  // Undefined where there is none.
  at::Tensor take_if_there(const std::string& name, const std::vector<int64_t>& shape);
  // All whose names begin with the prefix, whatever their shapes.
  NamedTensors take_all(const std::string& prefix);
  // Throws UserError naming tensors that nobody took.
  void refuse_left_over() const;

 private:
  at::Tensor copy(const std::string& name);

  const CheckpointFolder& folder_;
  at::ScalarType dtype_;
  std::set<std::string> left_;
};

}  // namespace freeact
