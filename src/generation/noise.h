// The randomness of a denoising step. Letters: L sequence length, M places, W numbers for each.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

namespace freeact {

// Uniform float64 numbers in [0, 1), of the shape of the int64 counters: each depends on the seed and its own counter
// alone, on every device alike. SplitMix64 (Steele, Lea, Flood, 2014).
at::Tensor uniform_at(const at::Tensor& counters, uint64_t seed);
// Every number has an address: the step, a purpose, a place and its own index. So what one place draws does not depend
// on which others are drawn for, nor on the device.
class StepNoise {
 public:
  StepNoise(uint64_t seed, int64_t step);
  // Uniform in [0, 1), float64 [M, W]. places [M] int64: row * L + column.
  at::Tensor uniform(std::string_view purpose, const at::Tensor& places_M, int64_t width) const;

 private:
  uint64_t seed_;
};

// -log(-log(uniform)): added to log p, the maximum is distributed as p, and the k highest as k draws from p without
// replacement.
at::Tensor gumbel(const at::Tensor& uniform);

}  // namespace freeact
