// Source of the rules: CPython 3.11, Modules/_randommodule.c and Lib/random.py. The seeding by an array is that of
// Matsumoto and Nishimura's mt19937ar (2002), which std::mt19937 lacks.
#include "task/python_random.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "util/error.h"

namespace freeact {
namespace {

// What std::mt19937 takes its state from: a seed sequence in the sense of the standard, of one word.
class SeedByArray {
 public:
  using result_type = uint32_t;
  explicit SeedByArray(uint32_t word) : word_(word) {}

  template <typename Iterator>
  void generate(Iterator begin, Iterator end) const {
    const auto n = static_cast<uint32_t>(end - begin);
    std::vector<uint32_t> state(n);
    state[0] = 19650218;
    for (uint32_t i = 1; i < n; ++i) state[i] = 1812433253U * mixed(state[i - 1]) + i;
    uint32_t i = 1;
    const auto step = [&](uint32_t factor, uint32_t added) {
      state[i] = (state[i] ^ (mixed(state[i - 1]) * factor)) + added;
      if (++i == n) {
        state[0] = state[n - 1];
        i = 1;
      }
    };
    for (uint32_t k = 0; k < n; ++k) step(1664525U, word_);
    for (uint32_t k = 1; k < n; ++k) step(1566083941U, 0U - i);
    state[0] = 0x80000000U;
    std::copy(state.begin(), state.end(), begin);
  }

 private:
  static uint32_t mixed(uint32_t value) { return value ^ (value >> 30); }
  uint32_t word_;
};

std::mt19937 seeded(uint32_t seed) {
  SeedByArray sequence(seed);
  return std::mt19937(sequence);
}

// Up to this population a list is cheaper than a set, Python estimates.
int64_t list_limit(int64_t count) {
  int64_t limit = 21, power = 1;
  if (count <= 5) return limit;
  while (power < count * 3) power *= 4;
  return limit + power;
}

}  // namespace

PythonRandom::PythonRandom(uint32_t seed) : generator_(seeded(seed)) {}

int64_t PythonRandom::below(int64_t bound) {
  const int num_bits = std::bit_width(static_cast<uint32_t>(bound));
  int64_t drawn = bound;
  while (drawn >= bound) drawn = static_cast<uint32_t>(generator_()) >> (32 - num_bits);
  return drawn;
}

std::vector<int64_t> PythonRandom::sample(int64_t population, int64_t count) {
  FREEACT_CHECK(0 <= count && count <= population && population < (int64_t{1} << 31), "{} of {}", count, population);
  std::vector<int64_t> drawn;
  if (population <= list_limit(count)) {
    std::vector<int64_t> pool(static_cast<size_t>(population));
    std::iota(pool.begin(), pool.end(), 0);
    for (int64_t left = population; left > population - count; --left) {
      int64_t& place = pool[static_cast<size_t>(below(left))];
      drawn.push_back(place);
      place = pool[static_cast<size_t>(left - 1)];
    }
    return drawn;
  }
  while (static_cast<int64_t>(drawn.size()) < count)
    if (const int64_t next = below(population); std::ranges::find(drawn, next) == drawn.end()) drawn.push_back(next);
  return drawn;
}

}  // namespace freeact
