#include "quant/quantiser.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "util/error.h"

namespace freeact {
namespace {

class Grids : public testing::TestWithParam<Grid> {};

TEST_P(Grids, CodesOfDequantisedValuesAreTheSameCodes) {
  const Grid grid = GetParam();
  at::manual_seed(1);
  const at::Tensor x = at::randn({5, 7, 33});
  const Scale s = activation_scale(x, grid);
  const at::Tensor codes = quantise(x, s, grid);
  EXPECT_TRUE(at::equal(quantise(dequantise(codes, s), s, grid), codes));
  EXPECT_GE(codes.min().item<double>(), grid.lowest());
  EXPECT_LE(codes.max().item<double>(), grid.highest());
}

TEST_P(Grids, ErrorIsAtMostHalfAStepInsideTheRange) {
  const Grid grid = GetParam();
  at::manual_seed(2);
  const at::Tensor w = at::randn({9, 31});
  const Scale s = weight_scale(w, grid);
  // An asymmetric zero point is rounded, which may push the ends of the range out by half a step.
  const double steps = grid.symmetric ? 0.5 : 1.0;
  EXPECT_TRUE(((fake_quantise(w, s, grid) - w).abs() <= s.scale * steps * 1.0001).all().item<bool>());
}

INSTANTIATE_TEST_SUITE_P(Widths, Grids,
                         testing::Values(Grid{2, true}, Grid{3, true}, Grid{4, true}, Grid{8, true}, Grid{2, false},
                                         Grid{3, false}, Grid{4, false}, Grid{8, false}),
                         [](const auto& one) {
                           return (one.param.symmetric ? "sym" : "asym") + std::to_string(one.param.bits);
                         });

TEST(Quantiser, TiesRoundToEven) {
  const Scale s = {at::ones({1}), {}};
  const at::Tensor codes = quantise(at::tensor({0.5, 1.5, 2.5, -0.5, -1.5}), s, {4, true});
  EXPECT_TRUE(at::equal(codes, at::tensor({0.0, 2.0, 2.0, -0.0, -2.0})));
}

TEST(Quantiser, TokenOfZerosStaysZero) {
  for (const bool symmetric : {true, false}) {
    const at::Tensor y = fake_quantise_activation(at::zeros({1, 2, 8}), {4, symmetric});
    EXPECT_TRUE(at::equal(y, at::zeros({1, 2, 8})));
  }
}

TEST(Quantiser, EachTokenHasItsOwnRange) {
  const at::Tensor x = at::stack({at::full({16}, 0.01), at::full({16}, 1000.0)});
  EXPECT_TRUE(at::allclose(fake_quantise_activation(x, {4, true}), x, 1e-6, 0));
}

TEST(Quantiser, SixteenBitsChangeNothing) {
  at::manual_seed(3);
  const at::Tensor x = at::randn({3, 8});
  EXPECT_TRUE(at::equal(fake_quantise_activation(x, {16, true}), x));
}

TEST(Quantiser, SearchedWeightRangeIsNeverWorse) {
  at::manual_seed(4);
  const at::Tensor w = at::randn({16, 64}).pow(3);  // heavy tails, where clipping helps
  const Grid grid{3, true};
  const auto error = [&](const WeightClip& clip) {
    return (fake_quantise(w, weight_scale(w, grid, clip), grid) - w).abs().pow(2.4).sum(-1);
  };
  EXPECT_TRUE((error(WeightClip::searched()) <= error(WeightClip{}) * 1.0001).all().item<bool>());
  EXPECT_LT(error(WeightClip::searched()).sum().item<double>(), error(WeightClip{}).sum().item<double>());
}

TEST(Quantiser, GradientPassesThroughRounding) {
  at::Tensor x = at::tensor({0.2, 0.7, 3.4}).set_requires_grad(true);
  round_straight_through(x).sum().backward();
  EXPECT_TRUE(at::equal(x.grad(), at::ones({3})));
}

TEST(Quantiser, GroupSizeThatDoesNotDivideIsRefused) {
  EXPECT_THROW(split_groups(at::zeros({2, 10}), 4), UserError);
  EXPECT_THROW(split_groups(at::zeros({2, 10}), 0), UserError);
}

TEST(Quantiser, AFixedWeightClipShrinksEveryRowsScale) {
  at::manual_seed(5);
  const at::Tensor w = at::randn({4, 16});
  const at::Tensor plain = weight_scale(w, {4, true}).scale,
                   clipped = weight_scale(w, {4, true}, WeightClip::fixed(0.5)).scale;
  EXPECT_TRUE(at::allclose(clipped, plain * 0.5));
}

}  // namespace
}  // namespace freeact
