#include "generation/noise.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "util/random.h"

namespace freeact {
namespace {

// x >> bits of the bits of an int64, filled with zeros.
at::Tensor shift_right(const at::Tensor& x, int64_t bits) {
  return x.bitwise_right_shift(bits).bitwise_and((int64_t{1} << (64 - bits)) - 1);
}

// One round of mixing: x ^= x >> bits, times a constant modulo 2^64.
at::Tensor mix(const at::Tensor& x, int64_t bits, uint64_t factor) {
  return x.bitwise_xor(shift_right(x, bits)) * static_cast<int64_t>(factor);
}

}  // namespace

at::Tensor uniform_at(const at::Tensor& counters, uint64_t seed) {
  const at::Tensor state = (counters + 1) * static_cast<int64_t>(0x9E3779B97F4A7C15U) + static_cast<int64_t>(seed);
  const at::Tensor mixed = mix(mix(state, 30, 0xBF58476D1CE4E5B9U), 27, 0x94D049BB133111EBU);
  return shift_right(mixed.bitwise_xor(shift_right(mixed, 31)), 11).to(at::kDouble) * 0x1p-53;
}

StepNoise::StepNoise(uint64_t seed, int64_t step) : seed_(derive_seed(seed, fmt::format("unmask step {}", step))) {}

at::Tensor StepNoise::uniform(std::string_view purpose, const at::Tensor& places_M, int64_t width) const {
  const at::Tensor counters_MW = places_M.unsqueeze(-1) * width + at::arange(width, places_M.options());
  return uniform_at(counters_MW, derive_seed(seed_, purpose));
}

at::Tensor gumbel(const at::Tensor& uniform) {
  return -(-uniform.log()).log();
}

}  // namespace freeact
