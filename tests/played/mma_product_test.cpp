// The int8 and int4 products through mma.sync, played on the host.
#include "kernel/cuda/mma_product.cu"

#include <gtest/gtest.h>

#include "played/products.h"

namespace freeact::cuda {
namespace {

void expect_int8_product(int rows, int outputs, int width) {
  const Codes x = random_codes(rows, width, -128, 127, 1), w = random_codes(outputs, width, -128, 127, 2);
  auto x_data = PlayedBuffer<int8_t>::of(x.values), w_data = PlayedBuffer<int8_t>::of(w.values);
  PlayedBuffer<int32_t> y(static_cast<size_t>(rows) * static_cast<size_t>(outputs));
  ASSERT_EQ(int8_product({x_data.data(), w_data.data(), rows, outputs, x.padded}, {}, {y.data(), OutputKind::kInt32},
                         nullptr),
            cudaSuccess);
  expect_integers(y, x, w);
}

TEST(PlayedMmaProduct, IsTheNaiveOne) {
  expect_int8_product(1, 1, 1);
  expect_int8_product(3, 5, 64);
  expect_int8_product(17, 130, 100);
  expect_int8_product(128, 128, 192);
  expect_int8_product(129, 127, 320);  // more stages than the pipeline holds
  expect_int8_product(130, 257, 513);
}

// Pairs as kernel/cuda/weight.cpp packs them: the even k in the low nibble.
std::vector<int8_t> pairs_of(const Codes& codes) {
  const int bytes = (codes.padded / 2 + kKMultiple - 1) / kKMultiple * kKMultiple;
  std::vector<int8_t> pairs(static_cast<size_t>(codes.rows) * static_cast<size_t>(bytes));
  for (int row = 0; row < codes.rows; ++row)
    for (int k = 0; k < codes.width; ++k) {
      auto& byte = pairs[static_cast<size_t>(row) * static_cast<size_t>(bytes) + static_cast<size_t>(k / 2)];
      byte = static_cast<int8_t>(byte | (codes.at(row, k) & 15) << k % 2 * 4);
    }
  return pairs;
}

TEST(PlayedMmaProduct, OfFourBitsIsTheNaiveOne) {
  for (const auto& [rows, outputs, width] : {std::array{2, 9, 64}, {19, 40, 200}, {130, 129, 640}}) {
    const Codes x = random_codes(rows, width, -8, 7, 3), w = random_codes(outputs, width, -8, 7, 4);
    auto x_data = PlayedBuffer<int8_t>::of(pairs_of(x)), w_data = PlayedBuffer<int8_t>::of(pairs_of(w));
    PlayedBuffer<int32_t> y(static_cast<size_t>(rows) * static_cast<size_t>(outputs));
    const auto bytes = static_cast<int64_t>(x_data.size()) / rows;
    ASSERT_EQ(
        int4_product({x_data.data(), w_data.data(), rows, outputs, bytes}, {}, {y.data(), OutputKind::kInt32}, nullptr),
        cudaSuccess);
    expect_integers(y, x, w);
  }
}

TEST(PlayedMmaProduct, ScalesTheExactSum) {
  const int rows = 21, outputs = 35, width = 70;
  const Codes x = random_codes(rows, width, -8, 7, 5), w = random_codes(outputs, width, -8, 7, 6);
  auto x_data = PlayedBuffer<int8_t>::of(x.values), w_data = PlayedBuffer<int8_t>::of(w.values);
  std::vector<float> scale_m(rows), scale_o(outputs), bias(outputs);
  std::vector<int32_t> zero(rows), offset(outputs);
  for (int m = 0; m < rows; ++m)
    scale_m[static_cast<size_t>(m)] = 0.01f * static_cast<float>(m + 1), zero[static_cast<size_t>(m)] = m % 7 - 3;
  for (int o = 0; o < outputs; ++o) {
    scale_o[static_cast<size_t>(o)] = 0.5f + 0.01f * static_cast<float>(o);
    bias[static_cast<size_t>(o)] = static_cast<float>(o) - 10;
    offset[static_cast<size_t>(o)] = o % 5 - 2;
  }
  const auto sum_m = sums_of(x), sum_o = sums_of(w);
  const Scaling scaling = {scale_m.data(), scale_o.data(), sum_m.data(), zero.data(), offset.data(),
                           sum_o.data(),   bias.data(),    width,        true};
  PlayedBuffer<float> y(static_cast<size_t>(rows * outputs));
  for (size_t i = 0; i < y.size(); ++i) y[i] = 2;
  ASSERT_EQ(int8_product({x_data.data(), w_data.data(), rows, outputs, x.padded}, scaling,
                         {y.data(), OutputKind::kFloat32}, nullptr),
            cudaSuccess);
  for (int m = 0; m < rows; ++m)
    for (int o = 0; o < outputs; ++o) {
      int64_t exact = 0;
      for (int k = 0; k < width; ++k)
        exact += static_cast<int64_t>(x.at(m, k) - zero[static_cast<size_t>(m)]) *
                 (w.at(o, k) - offset[static_cast<size_t>(o)]);
      const float wanted =
          scale_m[static_cast<size_t>(m)] * scale_o[static_cast<size_t>(o)] * static_cast<float>(exact) +
          bias[static_cast<size_t>(o)];
      EXPECT_FLOAT_EQ(y[static_cast<size_t>(m * outputs + o)], wanted + 2);
    }
}

TEST(PlayedMmaProduct, RefusesWhatDoesNotFit) {
  PlayedBuffer<int8_t> codes(128);
  PlayedBuffer<int32_t> y(1);
  const Output output = {y.data(), OutputKind::kInt32};
  EXPECT_EQ(int8_product({codes.data(), codes.data(), 1, 1, 63}, {}, output, nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(int8_product({codes.data(), codes.data(), 1, 1, 64}, {}, {y.data(), OutputKind::kFloat32}, nullptr),
            cudaErrorInvalidValue);
  EXPECT_EQ(int8_product({codes.data(), codes.data(), 0, 1, 64}, {}, output, nullptr), cudaSuccess);
}

}  // namespace
}  // namespace freeact::cuda
