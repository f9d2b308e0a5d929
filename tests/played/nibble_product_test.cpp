// The product of few tokens with weights of 4 bits, played on the host.
#include "kernel/cuda/nibble_product.cu"

#include <gtest/gtest.h>

#include "played/products.h"

namespace freeact::cuda {
namespace {

PlayedBuffer<uint8_t> packed(const Codes& w) {
  std::vector<int8_t> tight;
  for (int o = 0; o < w.rows; ++o)
    for (int k = 0; k < w.width; ++k) tight.push_back(static_cast<int8_t>(w.at(o, k)));
  PlayedBuffer<uint8_t> bytes(static_cast<size_t>(nibble_bytes(w.rows, w.width)));
  pack_nibbles(tight.data(), w.rows, w.width, bytes.data());
  return bytes;
}

void expect_product(int rows, int outputs, int width) {
  const Codes x = random_codes(rows, width, -128, 127, 1), w = random_codes(outputs, width, -8, 7, 2);
  auto x_data = PlayedBuffer<int8_t>::of(x.values);
  auto w_data = packed(w);
  auto sums = PlayedBuffer<int32_t>::of(sums_of(x));
  PlayedBuffer<int32_t> y(static_cast<size_t>(rows) * static_cast<size_t>(outputs));
  ASSERT_EQ(nibble_product({x_data.data(), w_data.data(), sums.data(), rows, outputs, x.padded}, {},
                           {y.data(), OutputKind::kInt32}, nullptr),
            cudaSuccess);
  expect_integers(y, x, w);
}

TEST(PlayedNibbleProduct, IsTheNaiveOneForUpTo64Tokens) {
  for (const int rows : {1, 2, 7, 8, 9, 16, 17, 31, 32, 33, 63, 64}) expect_product(rows, 40, 200);
}

TEST(PlayedNibbleProduct, IsTheNaiveOneForOddShapes) {
  expect_product(1, 1, 1);
  expect_product(3, 31, 63);
  expect_product(5, 33, 64);
  expect_product(4, 65, 576);  // more chunks than warps
  expect_product(10, 96, 1100);
}

TEST(PlayedNibbleProduct, RefusesMoreTokensThanItTakes) {
  PlayedBuffer<int8_t> x(64);
  PlayedBuffer<uint8_t> w(1024);
  PlayedBuffer<int32_t> y(1), sum(1);
  const Output output = {y.data(), OutputKind::kInt32};
  EXPECT_EQ(nibble_product({x.data(), w.data(), sum.data(), 65, 1, 64}, {}, output, nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(nibble_product({x.data(), w.data(), nullptr, 1, 1, 64}, {}, output, nullptr), cudaErrorInvalidValue);
}

}  // namespace
}  // namespace freeact::cuda
