// Ways to y = x W^T on the CPU: W4A4 and what it is timed against. Letters: M tokens, K input width, O outputs.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

namespace freeact {

// A linear whose weight and activation lie ready in the form in which it takes them: y [M, O].
using BoundLinear = std::function<at::Tensor()>;

struct LinearKind {
  std::string name;     // of the rival: "w4a4"
  std::string backend;  // "torch bfloat16"
  std::string about;    // what a call does
  double bytes_per_weight;
  std::function<bool()> is_available;  // in this build, on this processor
  // weight [O, K] and x [M, K], float32.
  std::function<BoundLinear(const at::Tensor& weight_OK, const at::Tensor& x_MK)> bind;
};

// float32, bfloat16, int8 and 4-bit weights as torch has them. A kind reads the activation as it likes it best
// (float32, bfloat16 or ready codes), so that nothing but its own work is timed.
const std::vector<LinearKind>& torch_linears();

// Float activation to float output on the integer kernels: a range per token, found anew in every call, 4-bit codes on
// both sides.
const LinearKind& w4a4_linear();

}  // namespace freeact
