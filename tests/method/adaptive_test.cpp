#include "method/freeact/adaptive.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ops/ops.h"

namespace freeact {
namespace {

constexpr int64_t kWidth = 16, kTokens = 400;

// Tokens of two types in turn, [1, T, D]: type t has the mean `means[t]` on all channels and its energy along channel
// `strong[t]`.
struct Data {
  at::Tensor x_BTD, types_BT;
};
Data draw(std::array<double, 2> means, std::array<int64_t, 2> strong, uint64_t seed) {
  Data data{gaussian({1, kTokens, kWidth}, seed).to(at::kFloat), at::arange(kTokens).remainder(2).unsqueeze(0)};
  for (int64_t type = 0; type < 2; ++type) {
    const auto own = (data.types_BT == type).to(at::kFloat).unsqueeze(-1);
    const auto t = static_cast<size_t>(type);
    data.x_BTD = data.x_BTD + own * means[t];
    data.x_BTD = data.x_BTD + own * data.x_BTD * 19 * at::one_hot(at::tensor(strong[t]), kWidth).to(at::kFloat);
  }
  return data;
}

const std::vector<Linear> kLinears = {{gaussian({12, kWidth}, 5).to(at::kFloat), gaussian({12}, 6).to(at::kFloat)},
                                      {gaussian({8, kWidth}, 7).to(at::kFloat), {}}};

// Means and one direction a type, of these data.
std::shared_ptr<const QuantisedSite> calibrated(const TokenStatistics& statistics, const Grid& grid,
                                                bool keeps = true) {
  QuantisedSite::Parts parts;
  parts.activation_grid = grid;
  parts.mean_ND = statistics.mean().to(at::kFloat);
  std::vector<at::Tensor> bases;
  for (int64_t type = 0; type < 2; ++type)
    bases.push_back(std::get<1>(at::linalg_eigh(statistics.covariance(type))).slice(1, kWidth - 1).to(at::kFloat));
  parts.branch = TypeBranch::orthonormal(bases);
  for (const Linear& linear : kLinears) {
    parts.linears.push_back(quantise_linear(linear.weight, linear.bias, grid));
    parts.mean_bias_NO.push_back(at::matmul(parts.mean_ND, linear.weight.t()));
    if (keeps) parts.branch.products_RO.push_back(at::matmul(parts.branch.write_RD, linear.weight.t()));
  }
  return std::make_shared<QuantisedSite>(std::move(parts));
}

double error_of(const QuantisedSite& site, const Data& data) {
  const auto outputs = site.forward(data.x_BTD, data.types_BT);
  double error = 0, signal = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const at::Tensor y = kLinears[i](data.x_BTD);
    error += (outputs[i] - y).square().sum().item<double>();
    signal += y.square().sum().item<double>();
  }
  return error / signal;
}

// A site calibrated on `first` that follows its inputs.
struct Followed {
  std::shared_ptr<TokenStatistics> statistics = std::make_shared<TokenStatistics>(2, kWidth);
  std::unique_ptr<AdaptiveSite> site;

  Followed(const Data& first, const Grid& grid, bool keeps = true) {
    statistics->add(first.x_BTD, first.types_BT);
    site = std::make_unique<AdaptiveSite>(calibrated(*statistics, grid, keeps), kLinears, statistics,
                                          BranchDirections::kEnergy);
  }
  void see(const Data& data) const {
    statistics->fade(1e-3);
    statistics->add(data.x_BTD, data.types_BT);
  }
};

const Data kFirst = draw({1, -2}, {3, 4}, 1);
const Data kMovedMeans = draw({8, 9}, {3, 4}, 2);
const Data kMovedDirections = draw({1, -2}, {10, 11}, 3);

TEST(AdaptiveSite, FreshMeansUndoAShiftOfTheMeansAndLeaveTheIntegersAlone) {
  const Followed followed(kFirst, {4, true});
  const auto before = followed.site->site();
  const double frozen = error_of(*before, kMovedMeans);
  followed.see(kMovedMeans);
  followed.site->refresh_means();
  const auto after = followed.site->site();
  EXPECT_LT(error_of(*after, kMovedMeans), 0.5 * frozen);
  for (size_t i = 0; i < kLinears.size(); ++i) {
    EXPECT_TRUE(at::equal(after->parts().linears[i].codes, before->parts().linears[i].codes));
    EXPECT_TRUE(at::equal(after->parts().linears[i].scale.scale, before->parts().linears[i].scale.scale));
  }
}

TEST(AdaptiveSite, FreshDirectionsFollowTheEnergyAndLeaveTheIntegersAlone) {
  const Followed followed(kFirst, {4, true});
  const auto before = followed.site->site();
  const double frozen = error_of(*before, kMovedDirections);
  followed.see(kMovedDirections);
  followed.site->refresh_means();
  EXPECT_EQ(followed.site->refresh_directions(0.25), 2);
  const auto after = followed.site->site();
  EXPECT_LT(error_of(*after, kMovedDirections), 0.5 * frozen);
  EXPECT_EQ(after->parts().branch.read_DR.select(1, 0).abs().argmax().item<int64_t>(), 10);
  for (size_t i = 0; i < kLinears.size(); ++i)
    EXPECT_TRUE(at::equal(after->parts().linears[i].codes, before->parts().linears[i].codes));
}

// In 16 bits means and kept directions are exact whatever they are, so that refreshing must not change a result.
TEST(AdaptiveSite, RefreshingIsExactWithoutRounding) {
  const Followed followed(kFirst, {16, true});
  EXPECT_LT(error_of(*followed.site->site(), kMovedMeans), 1e-10);
  followed.see(draw({5, 5}, {8, 9}, 4));
  followed.site->refresh_means();
  EXPECT_EQ(followed.site->refresh_directions(0), 2);
  EXPECT_LT(error_of(*followed.site->site(), kMovedMeans), 1e-10);
  EXPECT_LT(error_of(*followed.site->site(), kMovedDirections), 1e-10);
}

// GPTQ moves its error to where its calibration had no input, such as the directions past the quantiser.
TEST(AdaptiveSite, FreshDirectionsGoWhereTheIntegersAreWrong) {
  const Followed source(kFirst, {4, true});
  QuantisedSite::Parts parts = source.site->site()->parts();
  for (QuantisedLinear& linear : parts.linears) linear.codes.select(1, 2).fill_(7);
  AdaptiveSite site(std::make_shared<QuantisedSite>(parts), kLinears, source.statistics, BranchDirections::kEnergy);
  const auto even = Data{gaussian({1, kTokens, kWidth}, 9).to(at::kFloat), kFirst.types_BT};
  const double frozen = error_of(*site.site(), even);
  source.see(even);
  site.refresh_means();
  EXPECT_EQ(site.refresh_directions(0.25), 2);
  EXPECT_EQ(site.site()->parts().branch.read_DR.select(1, 0).abs().argmax().item<int64_t>(), 2);
  EXPECT_LT(error_of(*site.site(), even), 0.5 * frozen);
}

TEST(AdaptiveSite, DirectionsThatAreDroppedStayDropped) {
  const Followed followed(kFirst, {4, true}, /*keeps=*/false);
  followed.see(kMovedDirections);
  EXPECT_EQ(followed.site->refresh_directions(0.25), 2);
  EXPECT_TRUE(followed.site->site()->parts().branch.products_RO.empty());
}

TEST(AdaptiveSite, DriftCountsFromTheLastChoiceOfDirections) {
  const Followed followed(kFirst, {4, true});
  EXPECT_EQ(followed.site->drift(0).moment, 0);
  EXPECT_EQ(followed.site->drift(0).mean, 0);
  followed.see(kMovedDirections);
  const Drift moved = followed.site->drift(0);
  EXPECT_GT(moved.moment, 1);
  EXPECT_EQ(followed.site->refresh_directions(100), 0);
  EXPECT_EQ(followed.site->drift(0).moment, moved.moment);
  followed.site->refresh_directions(1);
  EXPECT_EQ(followed.site->drift(0).moment, 0);
}

TEST(AdaptiveSite, OneTypesShiftDoesNotTouchTheOther) {
  const Followed followed(kFirst, {4, true});
  Data half = kMovedDirections;
  half.x_BTD = half.x_BTD.index({at::indexing::Slice(), at::indexing::Slice(1, at::indexing::None, 2)});
  half.types_BT = at::ones({1, kTokens / 2}, at::kLong);
  const at::Tensor before = followed.site->site()->parts().branch.read_DR;
  followed.see(half);
  EXPECT_LT(followed.site->drift(0).moment, 1e-9);
  EXPECT_EQ(followed.site->refresh_directions(0.25), 1);
  const at::Tensor after = followed.site->site()->parts().branch.read_DR;
  EXPECT_TRUE(at::equal(after.slice(1, 0, 1), before.slice(1, 0, 1)));
  EXPECT_FALSE(at::equal(after.slice(1, 1), before.slice(1, 1)));
}

TEST(AdaptiveSite, OneMeanForAllTypesStaysOne) {
  const Followed source(kFirst, {4, true});
  QuantisedSite::Parts parts = source.site->site()->parts();
  parts.mean_ND = parts.mean_ND.slice(0, 0, 1).expand({2, -1}).contiguous();
  AdaptiveSite site(std::make_shared<QuantisedSite>(parts), kLinears, source.statistics, BranchDirections::kEnergy);
  source.see(kMovedMeans);
  site.refresh_means();
  const at::Tensor mean_ND = site.site()->parts().mean_ND;
  EXPECT_TRUE(at::equal(mean_ND[0], mean_ND[1]));
  EXPECT_TRUE(at::allclose(mean_ND[0], kMovedMeans.x_BTD.flatten(0, 1).mean(0), 0.02, 0.02));
}

TEST(AdaptiveSite, ATypeNotSeenHasNoDriftAndKeepsItsMean) {
  const auto statistics = std::make_shared<TokenStatistics>(2, kWidth);
  const Data first = kFirst;
  statistics->add(first.x_BTD, at::zeros_like(first.types_BT));
  const Followed source(kFirst, {4, true});
  AdaptiveSite site(source.site->site(), kLinears, statistics, BranchDirections::kEnergy);
  site.refresh_means();
  EXPECT_TRUE(std::isnan(site.drift(1).moment));
  EXPECT_TRUE(at::equal(site.site()->parts().mean_ND[1], source.site->site()->parts().mean_ND[1]));
  EXPECT_EQ(site.refresh_directions(0), 0);
}

TEST(TokenStatistics, FadedTokensCountLess) {
  TokenStatistics statistics(1, kWidth);
  const at::Tensor types = at::zeros({kTokens}, at::kLong);
  const at::Tensor a = kFirst.x_BTD.flatten(0, 1), b = kMovedMeans.x_BTD.flatten(0, 1);
  statistics.add(a, types);
  statistics.fade(0.25);
  statistics.add(b, types);
  const at::Tensor mean = (0.25 * a.to(at::kDouble).mean(0) + b.to(at::kDouble).mean(0)) / 1.25;
  const at::Tensor moment = (0.25 * second_moment(a) + second_moment(b)) / 1.25;
  EXPECT_TRUE(at::allclose(statistics.mean()[0], mean, 1e-10, 1e-10));
  EXPECT_TRUE(at::allclose(statistics.second_moment(0), moment, 1e-10, 1e-10));
}

}  // namespace
}  // namespace freeact
