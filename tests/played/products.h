// Random codes and their naive product, for the played kernels.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "kernel/cuda/kernels.h"
#include "played/buffer.h"

namespace freeact::cuda {

struct Codes {
  int rows, width, padded;
  std::vector<int8_t> values;  // [rows, padded], 0 from the width on

  int at(int row, int k) const {
    return values[static_cast<size_t>(row) * static_cast<size_t>(padded) + static_cast<size_t>(k)];
  }
  int sum(int row) const {
    int total = 0;
    for (int k = 0; k < width; ++k) total += at(row, k);
    return total;
  }
};

inline Codes random_codes(int rows, int width, int lowest, int highest, unsigned seed) {
  const int padded = (width + kKMultiple - 1) / kKMultiple * kKMultiple;
  Codes codes = {rows, width, padded, std::vector<int8_t>(static_cast<size_t>(rows) * static_cast<size_t>(padded))};
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> code(lowest, highest);
  for (int row = 0; row < rows; ++row)
    for (int k = 0; k < width; ++k)
      codes.values[static_cast<size_t>(row) * static_cast<size_t>(padded) + static_cast<size_t>(k)] =
          static_cast<int8_t>(code(generator));
  return codes;
}

inline int naive_product(const Codes& x, int m, const Codes& w, int o) {
  int sum = 0;
  for (int k = 0; k < x.width; ++k) sum += x.at(m, k) * w.at(o, k);
  return sum;
}

inline std::vector<int32_t> sums_of(const Codes& codes) {
  std::vector<int32_t> sums;
  for (int row = 0; row < codes.rows; ++row) sums.push_back(codes.sum(row));
  return sums;
}

inline void expect_integers(PlayedBuffer<int32_t>& got, const Codes& x, const Codes& w) {
  for (int m = 0; m < x.rows; ++m)
    for (int o = 0; o < w.rows; ++o)
      ASSERT_EQ(got[static_cast<size_t>(m) * static_cast<size_t>(w.rows) + static_cast<size_t>(o)],
                naive_product(x, m, w, o))
          << x.rows << " x " << w.rows << " x " << x.width << " at " << m << ", " << o;
}

}  // namespace freeact::cuda
