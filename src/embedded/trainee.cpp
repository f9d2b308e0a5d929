#include "embedded/trainee.h"

#include <ATen/ATen.h>

namespace freeact {

StepLosses add_gradients_of(const std::vector<std::pair<std::string, at::Tensor>>& parts, int64_t tokens) {
  StepLosses losses{.parts = {}, .tokens = tokens};
  at::Tensor sum;
  for (const auto& [name, loss] : parts) sum = sum.defined() ? sum + loss : loss;
  sum.backward();
  for (const auto& [name, loss] : parts) losses.parts.emplace_back(name, loss.item<double>());
  return losses;
}

}  // namespace freeact
