// AdamW without weight decay (Kingma and Ba, 2015), with its state in plain named tensors so that it can be saved.
#pragma once

#include "checkpoint/safetensors.h"

namespace freeact {

class Adam {
 public:
  // The parameters share memory with the model and hold gradients when step() is called.
  explicit Adam(TensorMap parameters);

  // Scales gradients whose common norm exceeds 1 down to norm 1, updates, and forgets the gradients.
  void step(double learning_rate);

  // Parameters and moments, under "weight.", "mean." and "square." names.
  TensorMap state() const;
  // Copies a saved state() back into the parameters and moments.
  void restore(const TensorMap& state, int64_t steps_done);

 private:
  void clip_gradients();

  TensorMap parameters_, means_, squares_;
  int64_t steps_ = 0;
};

}  // namespace freeact
