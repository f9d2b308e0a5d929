// Every transform leaves the unquantised product x W^T unchanged.
#include "quant/transform.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "ops/ops.h"
#include "quant/learnable.h"
#include "quant/quantised_site.h"
#include "util/error.h"

namespace freeact {
namespace {

// max |x T (W T^-T)^T - x W^T| relative to the largest |x W^T|.
double relative_change(const TransformChain& chain, int64_t width) {
  at::manual_seed(7);
  const at::Tensor x = at::randn({2, 3, width}), w = at::randn({5, width});
  const at::Tensor types = at::zeros({2, 3}, at::kLong);
  const at::Tensor y = at::linear(apply_activation(chain, x, types), apply_weight(chain, w));
  const at::Tensor wanted = at::linear(x, w);
  return ((y - wanted).abs().max() / wanted.abs().max()).item<double>();
}

class Widths : public testing::TestWithParam<int64_t> {};

TEST_P(Widths, ScaleKeepsTheProduct) {
  at::manual_seed(1);
  const auto scale = std::make_shared<ScaleTransform>(at::rand({GetParam()}) + 0.1);
  EXPECT_LT(relative_change({scale}, GetParam()), 1e-5);
}

TEST_P(Widths, LearnableKroneckerKeepsTheProductInAllForms) {
  for (const auto kind : {Parametrisation::kSvd, Parametrisation::kOrthogonal, Parametrisation::kInverse}) {
    LearnableKronecker learned = LearnableKronecker::random(kind, GetParam(), 11);
    for (const auto& factor : {learned.left, learned.right})  // away from the orthogonal start
      for (auto& p : factor->parameters()) {
        const at::NoGradGuard no_grad;
        at::Tensor moved = p;
        moved.add_(at::randn_like(p) * 0.05);
      }
    EXPECT_LT(relative_change({learned.freeze()}, GetParam()), 1e-4);
  }
}

TEST_P(Widths, FrozenTransformIsTheLearnedOne) {
  const LearnableKronecker learned = LearnableKronecker::random(Parametrisation::kSvd, GetParam(), 3);
  const at::Tensor x = at::randn({2, GetParam()});
  EXPECT_TRUE(at::allclose(learned.freeze()->activation(x, {}), learned.activation(x), 1e-6, 1e-6));
}

TEST_P(Widths, SplitMultipliesToTheWidth) {
  const auto [left, right] = kronecker_split(GetParam());
  EXPECT_EQ(left * right, GetParam());
  EXPECT_LE(left, right);
}

// Odd sizes, primes, and 2 mod 4, where the reference's split does not terminate.
INSTANTIATE_TEST_SUITE_P(Sizes, Widths, testing::Values(2, 7, 9, 12, 15, 18, 27, 30, 31, 48, 63, 64, 96, 106, 128));

class HadamardWidths : public testing::TestWithParam<int64_t> {};

TEST_P(HadamardWidths, HadamardKeepsTheProduct) {
  EXPECT_LT(relative_change({std::make_shared<HadamardTransform>(GetParam())}, GetParam()), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Sizes, HadamardWidths,
                         testing::Values(2, 12, 20, 28, 36, 40, 52, 56, 112, 148, 156, 172, 512));

TEST(Transforms, TransformsOfOneSeedAreEqualAndOfTwoDiffer) {
  const auto matrix = [](uint64_t seed) { return LearnableMatrix(Parametrisation::kSvd, 9, seed).matrix(); };
  EXPECT_TRUE(at::equal(matrix(1), matrix(1)));
  EXPECT_FALSE(at::allclose(matrix(1), matrix(2)));
}

TEST(Transforms, OrthogonalFormIsOrthogonal) {
  const LearnableMatrix matrix(Parametrisation::kOrthogonal, 13, 5);
  const at::Tensor q = matrix.matrix();
  EXPECT_TRUE(at::allclose(at::matmul(q, q.t()), at::eye(13), 1e-5, 1e-5));
  EXPECT_TRUE(at::equal(q, matrix.inverse_transpose()));
}

TEST(Slices, ZeroOnlyTheOtherTypesCoordinates) {
  const at::Tensor keep = slice_mask(8, {1, 2});
  EXPECT_TRUE(at::equal(keep[0], at::tensor({1., 1., 1., 1., 1., 1., 0., 0.}, at::kFloat)));
  EXPECT_TRUE(at::equal(keep[1], at::tensor({1., 1., 1., 1., 1., 0., 1., 1.}, at::kFloat)));
}

TEST(Slices, MixedBatchIsSlicedTokenByToken) {
  const SliceTransform slices(slice_mask(4, {1, 1}));
  const at::Tensor types = at::tensor({0, 1}, at::kLong).unsqueeze(0);
  const at::Tensor z = slices.activation(at::ones({1, 2, 4}), types);
  EXPECT_TRUE(at::equal(z[0][0], at::tensor({1., 1., 1., 0.}, at::kFloat)));
  EXPECT_TRUE(at::equal(z[0][1], at::tensor({1., 1., 0., 1.}, at::kFloat)));
}

// Theorem 2: where a type has nothing in the other type's directions, its slice computes the whole product.
TEST(Slices, ExactWhereTheTypeHasNothingThere) {
  at::manual_seed(5);
  const at::Tensor basis = orthogonal_from_gaussian(at::randn({8, 8}, at::kDouble));
  const at::Tensor coordinates = at::randn({6, 8}, at::kDouble);
  coordinates.slice(1, 7).zero_();  // nothing in the direction of type 1
  const at::Tensor x = at::matmul(coordinates, basis.t()), w = at::randn({3, 8}, at::kDouble);
  const at::Tensor z = at::matmul(x, basis) * slice_mask(8, {1, 1}).to(at::kDouble)[0];
  EXPECT_TRUE(at::allclose(at::matmul(z, at::matmul(w, basis).t()), at::matmul(x, w.t()), 1e-10, 1e-10));
}

TEST(Slices, RanksBeyondTheWidthAreRefused) {
  EXPECT_THROW(slice_mask(4, {3, 2}), UserError);
  EXPECT_THROW(slice_mask(4, {-1, 2}), UserError);
}

TEST(QuantisedSite, SavedAndLoadedGivesTheSameBits) {
  at::manual_seed(9);
  QuantisedSite::Parts parts;
  parts.transforms = {LearnableKronecker::random(Parametrisation::kSvd, 12, 1).freeze(),
                      std::make_shared<HadamardTransform>(12),
                      std::make_shared<SliceTransform>(slice_mask(12, {2, 1}))};
  parts.activation_grid = {4, false};
  parts.mean_ND = at::randn({2, 12});
  for (int i = 0; i < 2; ++i) {
    parts.linears.push_back(quantise_linear(at::randn({5, 12}), at::randn({5}), {4, i == 0}));
    parts.linears.back().activation_clip = {at::rand({2}) + 0.5, at::rand({2}) + 0.5};
    parts.mean_bias_NO.push_back(at::randn({2, 5}));
  }
  const QuantisedSite site(parts);
  const auto loaded = QuantisedSite::load(site.save("a."), "a.");
  const at::Tensor x = at::randn({2, 3, 12}), types = at::randint(0, 2, {2, 3}, at::kLong);
  const auto before = site.forward(x, types), after = loaded->forward(x, types);
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(at::equal(before[i], after[i]));
}

TEST(LearnableMatrix, StartsAtAGivenRotationUpToSigns) {
  const at::Tensor wanted = orthogonal_from_gaussian(gaussian({9, 9}, 4));
  for (const auto kind : {Parametrisation::kSvd, Parametrisation::kOrthogonal}) {
    LearnableMatrix matrix(kind, 9, 1);
    matrix.start_at(wanted, 2);
    EXPECT_TRUE(at::allclose(matrix.matrix().abs().to(at::kDouble), wanted.abs(), 0, 1e-5));
  }
}

}  // namespace
}  // namespace freeact
