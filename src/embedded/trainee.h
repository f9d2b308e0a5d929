// What the training loop of training_run.h trains.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "checkpoint/safetensors.h"
#include "util/fields.h"

namespace freeact {

struct StepLosses {
  std::vector<std::pair<std::string, double>> parts;  // the same names in the same order at every step
  int64_t tokens = 0;                                 // that the step saw
};

class Trainee {
 public:
  virtual ~Trainee() = default;
  // Leaves in float32 that ask for gradients.
  virtual const TensorMap& parameters() const = 0;
  // Adds the gradient of a step's loss, which is the sum of the parts, to that of every parameter. The same step always
  // sees the same data.
  virtual StepLosses add_gradients(int64_t step) = 0;
  // Objects for a row of the curve, measured on held-out items.
  virtual Json evaluate() { return Json::object(); }
  // The result, in bfloat16.
  virtual TensorMap tensors() const = 0;
};

// Back-propagates the sum of these scalars, which hang together, in one pass.
StepLosses add_gradients_of(const std::vector<std::pair<std::string, at::Tensor>>& parts, int64_t tokens);

}  // namespace freeact
