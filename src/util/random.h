// Randomness: every random choice draws from a generator derived from (run seed, purpose), so that no choice depends on
// how many numbers another one has drawn.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace freeact {

// A 64-bit seed for one purpose of one run; different purposes give unrelated seeds.
uint64_t derive_seed(uint64_t run_seed, std::string_view purpose);

// SplitMix64 (Steele, Lea, Flood, 2014). The same on every machine, unlike the distributions of <random>.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  Random(uint64_t run_seed, std::string_view purpose) : Random(derive_seed(run_seed, purpose)) {}

  uint64_t next();
  // Uniform in [0, bound); bound > 0.
  uint64_t below(uint64_t bound);
  // Uniform in [0, 1) with 53 random bits.
  double uniform();
  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  uint64_t state_;
};

}  // namespace freeact
