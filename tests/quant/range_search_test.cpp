// The search by rows against the one composed of tensor operations.
#include "quant/range_search.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quant/row_kernels.h"

namespace freeact {
namespace {

struct Searched {
  Scale rows, naive;
};

Searched search(const at::Tensor& weight, const Grid& grid) {
  const at::Tensor largest = weight.amax(-1, true).clamp_min(0), smallest = weight.amin(-1, true).clamp_max(0);
  const at::Tensor high = grid.symmetric ? at::maximum(-smallest, largest) : largest;
  const Scale plain = weight_scale(weight, grid);
  return {search_scale(weight, high, smallest, grid, plain), search_scale_naive(weight, high, smallest, grid, plain)};
}

// The 2.4-norm of each row's errors, in double.
at::Tensor errors(const at::Tensor& weight, const Scale& scale, const Grid& grid) {
  return (fake_quantise(weight, scale, grid) - weight).to(at::kDouble).abs().pow(2.4).sum(-1);
}

TEST(RangeSearch, ByRowsFindsWhatTensorOperationsFind) {
  for (const bool symmetric : {true, false})
    for (const int bits : {2, 3, 4, 8})
      for (const int64_t width : {1, 15, 64, 577}) {
        const Grid grid{bits, symmetric};
        at::manual_seed(width + bits);
        const at::Tensor weight = at::randn({24, width}).pow(3) * 0.02;
        const auto [rows, naive] = search(weight, grid);
        const at::Tensor ours = errors(weight, rows, grid), theirs = errors(weight, naive, grid);
        EXPECT_TRUE(at::allclose(ours, theirs, 1e-5, 1e-12)) << bits << " bits, width " << width;
        EXPECT_GE((rows.scale == naive.scale).sum().item<int64_t>(), width == 1 ? 0 : 23) << "all but ties";
      }
}

TEST(RangeSearch, ARowWithoutAnErrorKeepsItsPlainScale) {
  at::Tensor weight = at::randn({3, 32});
  weight[1][5] = std::nan("");
  const Grid grid{4, true};
  const at::Tensor high = at::ones({3, 1});
  const Scale plain{at::full({3, 1}, 0.125), {}};
  const Scale found = search_scale(weight, high, -high, grid, plain);
  EXPECT_EQ(found.scale[1].item<float>(), 0.125f);
  EXPECT_NE(found.scale[0].item<float>(), 0.125f);
  EXPECT_EQ(plain.scale[0].item<float>(), 0.125f) << "what was given stays";
}

TEST(RangeSearch, ARowWithoutErrorsTakesItsWidestRange) {
  const Grid grid{4, false};
  const at::Tensor high = at::ones({1, 1});
  const Scale found = search_scale(at::zeros({1, 40}), high, -high, grid, {at::ones({1, 1}), at::zeros({1, 1})});
  EXPECT_FLOAT_EQ(found.scale.item<float>(), 2.0f / 15);
}

TEST(RangeSearch, ErrorsAreThoseOfDoubles) {
  at::manual_seed(3);
  for (const float scale : {1e-6f, 0.01f, 1000.0f}) {
    const at::Tensor x = at::randn({333}) * scale * 5;
    const RowRounding rounding{{}, {-8, 7}, scale};
    at::Tensor y = at::empty_like(x);
    round_row(x.const_data_ptr<float>(), x.numel(), rounding, y.mutable_data_ptr<float>());
    const double exact = (y.to(at::kDouble) - x.to(at::kDouble)).abs().pow(2.4).sum().item<double>();
    const float found = rounding_error(x.const_data_ptr<float>(), x.numel(), rounding, 2.4f);
    EXPECT_NEAR(found / exact, 1, 2e-6) << "scale " << scale;
  }
}

TEST(RangeSearch, WhatIsOnTheGridHasNoError) {
  const float x[] = {-8, 7, 0, 1, 2, 3, -4};
  EXPECT_LT(rounding_error(x, 7, {{}, {-8, 7}, 1.0f}, 2.4f), 1e-30f);
}

}  // namespace
}  // namespace freeact
