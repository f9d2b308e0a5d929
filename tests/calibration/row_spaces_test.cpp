#include "calibration/row_spaces.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "calibration/activation_statistics.h"
#include "calibration/tiny_decoder.h"

namespace freeact {
namespace {

// Tokens with these energies along the unit directions of `axes`, both signs, width 8.
at::Tensor along(const std::vector<std::pair<int64_t, double>>& axes) {
  at::Tensor rows = at::zeros({2 * std::ssize(axes), 8});
  for (size_t i = 0; i < axes.size(); ++i)
    for (const int64_t sign : {0, 1})
      rows[2 * static_cast<int64_t>(i) + sign][axes[i].first] = (sign == 0 ? 1 : -1) * std::sqrt(axes[i].second / 2);
  return rows;
}

TEST(RowSpaces, EqualSubspacesShareEverythingAndOrthogonalOnesNothing) {
  const Spectrum a = token_spectrum(along({{0, 1}, {1, 1}})), b = token_spectrum(along({{2, 1}, {3, 1}}));
  const SubspaceOverlap same = overlap(a, a), apart = overlap(a, b);
  EXPECT_EQ(same.dims, 2);
  EXPECT_EQ(same.shared_dims, 2);
  EXPECT_NEAR(same.mean_cosine_squared, 1, 1e-6);
  EXPECT_NEAR(same.largest_angle, 0, 0.1);
  EXPECT_EQ(apart.shared_dims, 0);
  EXPECT_NEAR(apart.mean_cosine_squared, 0, 1e-6);
  EXPECT_NEAR(apart.largest_angle, 90, 0.1);
}

TEST(RowSpaces, AnglesAreThoseOfAHandMadePair) {
  const double angle = 40 * std::acos(-1.0) / 180;
  at::Tensor tilted = at::zeros({2, 8});
  tilted[0][1] = 1;
  tilted[1][0] = std::cos(angle);
  tilted[1][2] = std::sin(angle);
  const SubspaceOverlap o = overlap(token_spectrum(along({{0, 1}, {1, 1}})), token_spectrum(tilted));
  EXPECT_EQ(o.shared_dims, 1);
  EXPECT_NEAR(o.largest_angle, 40, 0.05);
  EXPECT_NEAR(o.mean_cosine_squared, (1 + std::pow(std::cos(angle), 2)) / 2, 1e-5);
}

// A subspace inside of a larger one: its angles are 0, and what is exclusive to the larger one is the rest.
TEST(RowSpaces, ALargerSubspaceHasExclusiveDirectionsThatASmallerOneInItLacks) {
  const Spectrum large = token_spectrum(along({{0, 4}, {1, 3}, {2, 2}})), small = token_spectrum(along({{0, 1}}));
  const SubspaceOverlap o = overlap(large, small);
  EXPECT_EQ(o.dims, 3);
  EXPECT_EQ(o.other_dims, 1);
  EXPECT_NEAR(o.largest_angle, 0, 0.1);
  ASSERT_EQ(o.exclusive_DR.size(1), 1);
  EXPECT_NEAR(o.exclusive_DR[0][0].item<double>(), 0, 1e-5);
  EXPECT_NEAR(energy_share(small, o.exclusive_DR), 0, 1e-9);
}

TEST(RowSpaces, OutputShareIsTheErrorOfZeroedDirections) {
  at::manual_seed(5);
  const at::Tensor x = at::randn({40, 8}), weight = at::randn({6, 8});
  const at::Tensor u = std::get<0>(at::linalg_qr(at::randn({8, 3})));
  const at::Tensor lost = x.mm(u).mm(u.t()).mm(weight.t());
  const double wanted = (lost.square().sum() / x.mm(weight.t()).square().sum()).item<double>();
  EXPECT_NEAR(output_share(token_spectrum(x), weight_spectrum(weight), u) / wanted, 1, 1e-5);
}

// 99.9% of the energy in 2 of 8 directions, weights of rank 5: nearly all of M is free, and the least used directions
// cost nothing.
TEST(RowSpaces, RanksAreThoseAtTheTolerance) {
  at::manual_seed(7);
  const std::vector<Linear> linears = {{at::randn({16, 5}).mm(at::randn({5, 8})), {}}};
  SiteTokens tokens{.x_ND = along({{0, 1}, {1, 1}, {2, 1e-4}}), .types_N = {}, .num_types = 2, .linears = &linears};
  tokens.types_N = at::zeros({tokens.x_ND.size(0)}, at::kLong);
  const RowSpaces spaces = measure_row_spaces(tokens);
  EXPECT_TRUE(spaces.overlaps.empty());  // the second type does not occur
  ASSERT_EQ(spaces.solutions.size(), 1U);
  EXPECT_EQ(spaces.solutions[0].activation_rank, 2);
  EXPECT_EQ(spaces.solutions[0].weight_rank, 5);
  EXPECT_NEAR(spaces.solutions[0].weakest_output, 0, 1e-9);
  EXPECT_NEAR(spaces.solutions[0].unread_output, 0, 1e-9);
}

TEST(RowSpaces, BothOrdersOfAPairAgreeOnTheAnglesAtEverySite) {
  const Decoder model = tiny_decoder();
  int64_t sites = 0;
  visit_site_tokens(model, tiny_batches(3), [&](const SiteTokens& tokens) {
    const RowSpaces spaces = measure_row_spaces(tokens);
    ASSERT_EQ(spaces.overlaps.size(), 2U);
    EXPECT_NEAR(spaces.overlaps[0].subspaces.mean_cosine_squared, spaces.overlaps[1].subspaces.mean_cosine_squared,
                1e-6);
    EXPECT_EQ(spaces.overlaps[0].subspaces.shared_dims, spaces.overlaps[1].subspaces.shared_dims);
    for (const auto& o : spaces.overlaps) EXPECT_GE(o.other_energy, 0);
    ++sites;
  });
  EXPECT_EQ(sites, 2 * kNumSites);
}

TEST(RowSpaces, OfADeepModelTwelveLayersAreMeasuredWithItsEnds) {
  int measured = 0;
  for (int64_t layer = 0; layer < 30; ++layer) measured += has_row_spaces(layer, 30) ? 1 : 0;
  EXPECT_EQ(measured, kMaxRowSpaceLayers);
  EXPECT_TRUE(has_row_spaces(0, 30) && has_row_spaces(29, 30));
}

}  // namespace
}  // namespace freeact
