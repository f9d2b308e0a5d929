// Python's random.Random(seed), as far as harnesses draw examples with it.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace freeact {

class PythonRandom {
 public:
  explicit PythonRandom(uint32_t seed);

  // random.sample(range(population), count): `count` numbers that differ, in the order drawn. count <= population.
  std::vector<int64_t> sample(int64_t population, int64_t count);

 private:
  int64_t below(int64_t bound);
  std::mt19937 generator_;
};

}  // namespace freeact
