#include "report/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace freeact {
namespace {

TEST(Statistics, StudentQuantilesAgreeWithTables) {
  EXPECT_NEAR(t_quantile(0.975, 1), 12.7062, 5e-5);
  EXPECT_NEAR(t_quantile(0.975, 2), 4.3027, 5e-5);
  EXPECT_NEAR(t_quantile(0.975, 3), 3.1824, 5e-5);
  EXPECT_NEAR(t_quantile(0.975, 9), 2.2622, 5e-5);
  EXPECT_NEAR(t_quantile(0.95, 30), 1.6973, 5e-5);
  EXPECT_NEAR(t_quantile(0.025, 2), -4.3027, 5e-5);
  EXPECT_NEAR(t_quantile(0.975, 100000), 1.95999, 2e-5);
}

TEST(Statistics, TIntervalOfThreeValues) {
  const Interval interval = t_interval({1, 2, 3});  // standard deviation 1
  EXPECT_DOUBLE_EQ(interval.centre, 2);
  EXPECT_NEAR(interval.half_width(), 4.30265 / std::sqrt(3), 1e-4);
}

TEST(Statistics, OneValueHasNoTIntervalAndEqualValuesHaveExactlyNoSpread) {
  EXPECT_FALSE(t_interval({5}).known());
  EXPECT_FALSE(t_interval({}).known());
  const Interval equal = t_interval({0.1, 0.1, 0.1});
  EXPECT_EQ(equal.half_width(), 0);
  EXPECT_TRUE(equal.known());
}

TEST(Statistics, WilsonAgreesWithNewcombe) {
  const Interval interval = wilson_interval(81.0 / 263.0, 263);  // Newcombe (1998), table I: .2553 to .3662
  EXPECT_NEAR(interval.low, 0.2553, 5e-5);
  EXPECT_NEAR(interval.high, 0.3662, 5e-5);
  const Interval none = wilson_interval(0, 20);  // same table: 0 to .1611
  EXPECT_DOUBLE_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 0.1611, 5e-5);
}

TEST(Statistics, CombinedIntervalOfEqualPartsShrinksWithTheRootOfTheirNumber) {
  const Interval combined = combine_independent({{1, 0, 3}, {1, 0, 3}, {1, 0, 3}, {1, 0, 3}});
  EXPECT_DOUBLE_EQ(combined.centre, 1);
  EXPECT_DOUBLE_EQ(combined.low, 0.5);
  EXPECT_DOUBLE_EQ(combined.high, 2);
}

TEST(Statistics, McNemarIsTheTwoSidedBinomialTestOfTheDiscordantPairs) {
  EXPECT_NEAR(mcnemar_p_value(10, 2), 2.0 * (1 + 12 + 66) / 4096, 1e-12);
  EXPECT_DOUBLE_EQ(mcnemar_p_value(10, 2), mcnemar_p_value(2, 10));
  EXPECT_DOUBLE_EQ(mcnemar_p_value(5, 5), 1);
  EXPECT_DOUBLE_EQ(mcnemar_p_value(0, 0), 1);
  EXPECT_NEAR(mcnemar_p_value(5100, 4900), 0.0466, 5e-4);  // normal approximation with continuity: z = 1.99
}

TEST(Statistics, HolmStepsDownAndLeavesWhatIsNoTest) {
  const auto adjusted = holm_adjusted({0.01, 0.04, std::nan(""), 0.03, 0.005});
  EXPECT_NEAR(adjusted[0], 0.03, 1e-12);
  EXPECT_NEAR(adjusted[1], 0.06, 1e-12);  // no smaller than the one before it
  EXPECT_TRUE(std::isnan(adjusted[2]));
  EXPECT_NEAR(adjusted[3], 0.06, 1e-12);
  EXPECT_NEAR(adjusted[4], 0.02, 1e-12);
}

// Standard normal draws by the central limit theorem: sums of twelve uniforms.
double normal(Random& random) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += random.uniform();
  return sum;
}

TEST(Statistics, BootstrapAgreesWithTheStandardErrorOfManyItems) {
  Random random(1);
  std::vector<double> items(400);
  for (auto& item : items) item = 10 + normal(random);
  const Interval interval = bootstrap_interval({{items}}, Random(2), 4000);
  EXPECT_NEAR(interval.centre, mean(items), 1e-12);
  EXPECT_NEAR(interval.half_width(), 1.96 / std::sqrt(400.0), 0.1 * 1.96 / std::sqrt(400.0));
}

TEST(Statistics, BootstrapSeesTheSpreadOverSeeds) {
  const std::vector<double> low(50, 0.0), high(50, 1.0);
  const Interval interval = bootstrap_interval({{low, high}}, Random(3));
  EXPECT_DOUBLE_EQ(interval.low, 0);
  EXPECT_DOUBLE_EQ(interval.high, 1);
}

TEST(Statistics, BootstrapWeighsTasksEquallyAndIsReproducible) {
  const ScoreTable scores = {{{1, 1, 1, 1, 1, 1, 1, 0}}, {{0, 1}}};
  const Interval first = bootstrap_interval(scores, Random(4));
  const Interval again = bootstrap_interval(scores, Random(4));
  EXPECT_DOUBLE_EQ(first.centre, (7.0 / 8 + 0.5) / 2);
  EXPECT_EQ(first.low, again.low);
  EXPECT_EQ(first.high, again.high);
  EXPECT_FALSE(bootstrap_interval({}, Random(4)).known());
}

}  // namespace
}  // namespace freeact
