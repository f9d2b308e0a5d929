#include "quant/gptq.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message_of.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr Grid kInt4 = {4, true};

// A weight [O, I] and inputs whose channels are correlated, as those of a trained model are.
struct Problem {
  at::Tensor weight_OI, x_BTI, hessian_II;
};
Problem correlated(uint64_t seed = 1, int64_t inputs = 48) {
  at::manual_seed(seed);
  Problem p;
  p.weight_OI = at::randn({20, inputs});
  p.x_BTI = at::matmul(at::randn({4, 50, inputs}), at::eye(inputs) + 0.3 * at::randn({inputs, inputs}));
  GptqHessian hessian(inputs);
  hessian.add(p.x_BTI);
  p.hessian_II = hessian.matrix();
  return p;
}

at::Tensor nearest(const at::Tensor& weight, const Grid& grid) {
  return fake_quantise(weight, weight_scale(weight, grid), grid);
}

double output_error(const Problem& p, const at::Tensor& rounded) {
  return at::linear(p.x_BTI, rounded - p.weight_OI).square().sum().item<double>();
}

at::Tensor rounded(const Problem& p, const Grid& grid, const GptqSettings& settings) {
  return gptq(p.weight_OI, p.hessian_II, grid, WeightClip{}, settings).weight();
}

// Clear of chance: the settings below lower the error of rounding to nearest to less than this share.
constexpr double kShare = 0.6;

struct Choice {
  const char* name;
  Grid grid;
  GptqSettings settings;
};
class Gptq : public testing::TestWithParam<Choice> {};

TEST_P(Gptq, LowersTheOutputErrorOfRoundingToNearest) {
  const Problem p = correlated();
  EXPECT_LT(output_error(p, rounded(p, GetParam().grid, GetParam().settings)),
            kShare * output_error(p, nearest(p.weight_OI, GetParam().grid)));
}

INSTANTIATE_TEST_SUITE_P(
    Settings, Gptq,
    testing::Values(Choice{"plain", kInt4, {}}, Choice{"act_order", kInt4, {.act_order = true}},
                    Choice{"small_blocks", kInt4, {.block_size = 7}}, Choice{"three_bits", {3, true}, {}},
                    Choice{"asymmetric", {4, false}, {}}, Choice{"groups", kInt4, {.block_size = 16, .group_size = 16}},
                    Choice{"uneven_groups", kInt4, {.group_size = 20}},
                    Choice{"groups_in_act_order", kInt4, {.act_order = true, .group_size = 16}},
                    Choice{"static_groups", kInt4, {.act_order = true, .group_size = 16, .static_groups = true}}),
    [](const auto& one) { return one.param.name; });

TEST(Gptq, InputsWithoutCorrelationAreRoundedToNearest) {
  const Problem p = correlated();
  const auto result = gptq(p.weight_OI, at::eye(48), kInt4, WeightClip{}, {});
  EXPECT_TRUE(at::equal(result.weight(), nearest(p.weight_OI, kInt4)));
}

TEST(Gptq, BlocksChangeNothingButTheSpeed) {
  const Problem p = correlated();
  const at::Tensor whole = rounded(p, kInt4, {.block_size = 48}), parts = rounded(p, kInt4, {.block_size = 5});
  // Sums in another order may turn a tie in the rounding, which then moves later columns as well.
  EXPECT_LE((whole != parts).sum().item<int64_t>(), whole.numel() / 100);
}

// Act order takes columns by their diagonal, wherever they stand.
TEST(Gptq, InActOrderAPermutedProblemHasThePermutedResult) {
  const Problem p = correlated();
  const at::Tensor order = at::randperm(48);
  const Problem q = {p.weight_OI.index_select(1, order), p.x_BTI.index_select(2, order),
                     p.hessian_II.index_select(0, order).index_select(1, order)};
  const GptqSettings act_order = {.act_order = true}, left_to_right;
  EXPECT_TRUE(at::equal(rounded(q, kInt4, act_order), rounded(p, kInt4, act_order).index_select(1, order)));
  EXPECT_FALSE(at::equal(rounded(q, kInt4, left_to_right), rounded(p, kInt4, left_to_right).index_select(1, order)));
}

TEST(Gptq, StaticGroupsOfActOrderAreNeighboursInTheWeight) {
  const Problem p = correlated();
  const auto result = gptq(p.weight_OI, p.hessian_II, kInt4, WeightClip{},
                           {.act_order = true, .group_size = 12, .static_groups = true});
  EXPECT_TRUE(at::equal(result.group_of_column, at::arange(48).div(12, "floor")));
  const at::Tensor last = weight_scale(p.weight_OI.slice(1, 36), kInt4).scale;
  EXPECT_TRUE(at::equal(result.scale.scale.slice(1, 3), last));
}

TEST(Gptq, AnInputThatIsAlwaysZeroHasAZeroWeightAndDisturbsNoOther) {
  Problem p = correlated();
  p.weight_OI.select(1, 5).fill_(0.1);
  p.hessian_II.select(0, 5).zero_();
  p.hessian_II.select(1, 5).zero_();
  const auto without = [](const at::Tensor& t, int64_t dim) {
    return at::cat({t.slice(dim, 0, 5), t.slice(dim, 6)}, dim);
  };
  const GptqSettings undamped = {.damping = 0};  // the damping is a mean over all inputs
  const at::Tensor result = rounded(p, kInt4, undamped);
  EXPECT_TRUE(at::equal(result.select(1, 5), at::zeros({20})));
  const Problem rest = {without(p.weight_OI, 1), {}, without(without(p.hessian_II, 0), 1)};
  EXPECT_TRUE(at::equal(without(result, 1), rounded(rest, kInt4, undamped)));
}

TEST(Gptq, AsymmetricGridsHoldZeroForAnInputThatIsAlwaysZero) {
  Problem p = correlated();
  p.weight_OI.add_(3.0);
  p.hessian_II.select(0, 5).zero_();
  p.hessian_II.select(1, 5).zero_();
  EXPECT_TRUE(at::equal(rounded(p, {4, false}, {}).select(1, 5), at::zeros({20})));
}

TEST(Gptq, TheScaleOfARowCanBeGiven) {
  const Problem p = correlated();
  const Scale searched = weight_scale(p.weight_OI, kInt4, WeightClip::searched());
  const auto given = gptq(p.weight_OI, p.hessian_II, kInt4, searched, {});
  const auto found = gptq(p.weight_OI, p.hessian_II, kInt4, WeightClip::searched(), {});
  EXPECT_TRUE(at::equal(given.codes, found.codes));
  EXPECT_TRUE(at::equal(given.scale.scale, searched.scale));
}

// As found in the weight before anything is rounded, which is what static groups are.
TEST(Gptq, TheScalesOfGroupsCanBeGiven) {
  const Problem p = correlated();
  for (const bool act_order : {false, true}) {
    const Scale groups = weight_scale(p.weight_OI, {4, true, 12}, WeightClip::searched());
    const auto given = gptq(p.weight_OI, p.hessian_II, kInt4, groups, {.act_order = act_order});
    const auto found = gptq(p.weight_OI, p.hessian_II, kInt4, WeightClip::searched(),
                            {.act_order = act_order, .group_size = 12, .static_groups = true});
    EXPECT_TRUE(at::equal(given.codes, found.codes));
    EXPECT_TRUE(at::equal(given.weight(), found.weight()));
    EXPECT_TRUE(at::equal(given.weight(), dequantise_weight(given.codes.to(at::kFloat), groups)));
  }
}

TEST(Gptq, TheHessianDoesNotDependOnHowSequencesCome) {
  const Problem p = correlated();
  GptqHessian one_by_one(48);
  for (int64_t i = 0; i < 4; ++i) one_by_one.add(p.x_BTI[i]);
  EXPECT_EQ(one_by_one.num_sequences(), 4);
  EXPECT_TRUE(at::allclose(one_by_one.matrix(), p.hessian_II, 1e-12, 1e-12));
  const at::Tensor tokens = p.x_BTI.flatten(0, 1).to(at::kDouble);
  EXPECT_TRUE(at::allclose(p.hessian_II, at::matmul(tokens.t(), tokens) * (2.0 / 4), 1e-12, 1e-12));
}

// 20 tokens of 48 inputs: the rank is 20.
TEST(Gptq, TooFewTokensAreRefusedWithoutDampingAndRoundedWithIt) {
  Problem p = correlated();
  p.x_BTI = p.x_BTI.slice(0, 0, 1).slice(1, 0, 20);
  GptqHessian hessian(48);
  hessian.add(p.x_BTI);
  p.hessian_II = hessian.matrix();
  EXPECT_THAT(message_of<UserError>([&] { rounded(p, kInt4, {.damping = 0}); }),
              testing::AllOf(testing::HasSubstr("48 inputs is not positive definite at damping 0"),
                             testing::HasSubstr("raise the damping")));
  EXPECT_LT(output_error(p, rounded(p, kInt4, {})), 0.5 * output_error(p, nearest(p.weight_OI, kInt4)));
}

TEST(Gptq, BrokenNumbersAreRefused) {
  Problem p = correlated();
  p.hessian_II[3][4] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(message_of<UserError>([&] { rounded(p, kInt4, {}); }),
              testing::HasSubstr("Hessian of the inputs is not finite"));
  p = correlated();
  p.hessian_II.diagonal()[7] = -1.0;
  EXPECT_THAT(message_of<UserError>([&] { rounded(p, kInt4, {}); }), testing::HasSubstr("not positive definite"));
  p = correlated();
  p.weight_OI[0][0] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(message_of<UserError>([&] { rounded(p, kInt4, {}); }), testing::HasSubstr("weight is not finite"));
}

}  // namespace
}  // namespace freeact
