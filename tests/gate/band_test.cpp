// Bands hold what chance does and no more.
#include "gate/band.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gate_arms.h"

namespace freeact {
namespace {

TEST(Band, IsStudentsPredictionInterval) {
  // Mean 2, deviation 1, t(0.975; 2) = 4.302653: 2 +- 4.302653 * sqrt(1/3 + 1).
  const Band band = prediction_band({1, 2, 3}, BandScale::kLinear, 0, 1, 0.05);
  EXPECT_NEAR(band.low, 2 - 4.968276, 1e-5);
  EXPECT_NEAR(band.high, 2 + 4.968276, 1e-5);
  const Band factors = prediction_band({std::exp(1), std::exp(2), std::exp(3)}, BandScale::kRatio, 0, 1, 0.05);
  EXPECT_NEAR(std::log(factors.high), band.high, 1e-9);
}

TEST(Band, IsNarrowerForMoreNewSeeds) {
  const Band one = prediction_band({1, 2, 3, 4}, BandScale::kLinear, 0, 1, 0.01),
             three = prediction_band({1, 2, 3, 4}, BandScale::kLinear, 0, 3, 0.01);
  EXPECT_LT(three.high - three.low, one.high - one.low);
}

// Without the floors, another processor or one item would be an alarm where all seeds of the reference agree.
TEST(Band, LeavesRoomWhereSeedsDoNotDiffer) {
  const Band same = prediction_band({0.5, 0.5, 0.5}, BandScale::kRatio, 0, 1, 1e-4);
  EXPECT_TRUE(same.holds(0.504));
  EXPECT_FALSE(same.holds(0.52));
  const Band all_right = prediction_band({100, 100, 100}, BandScale::kShare, 48, 1, 1e-4);
  EXPECT_TRUE(all_right.holds(100.0 * 47 / 48));
  EXPECT_FALSE(all_right.holds(75));
  const Band none_right = prediction_band({0, 0, 0}, BandScale::kShare, 48, 1, 1e-4);
  EXPECT_TRUE(none_right.holds(100.0 / 48));
  EXPECT_FALSE(none_right.holds(25));
}

// 3 of 3 seeds, 48 items each, all right; 1 new seed with k wrong. Fisher: C(48, k) / C(192, k), below 0.025 from k = 3
// on (k = 2: 0.0615, k = 3: 0.0149).
TEST(Band, OfSharesIsFishersExactTest) {
  const Band band = prediction_band({100, 100, 100}, BandScale::kShare, 48, 1, 0.05);
  EXPECT_TRUE(band.holds(100.0 * 46 / 48));
  EXPECT_FALSE(band.holds(100.0 * 45 / 48));
}

// Two seeds far apart, at a small level: Student's t is in the thousands, and a file must still hold the band.
TEST(Band, OfRatiosStaysFinite) {
  const Band band = prediction_band({0.01, 3.0}, BandScale::kRatio, 0, 1, 1e-4);
  EXPECT_TRUE(std::isfinite(band.high)) << band.high;
  EXPECT_TRUE(band.holds(1e6));
}

TEST(Band, IsUnknownForOneSeed) {
  EXPECT_FALSE(prediction_band({1}, BandScale::kRatio, 0, 1, 0.01).known());
}

// The rate that a reference states: of 400 gates without any change, each with 20 metrics and its own reference, 1 %
// may fail by chance, which gives 4; more than 12 would have a chance below 1 in 1000.
TEST(Band, FalseAlarmsAreAsRareAsStated) {
  int alarms = 0;
  for (uint64_t trial = 0; trial < 400; ++trial) {
    Random random(trial, "false alarms");
    const auto draw = [&](size_t count) {
      std::vector<double> values(count);
      for (double& value : values) value = std::exp(0.05 * normal(random));
      return values;
    };
    bool alarm = false;
    for (int metric = 0; metric < 20; ++metric) {
      const Band band = prediction_band(draw(5), BandScale::kRatio, 0, 2, 0.01 / 20);
      alarm = alarm || !band.holds(centre(draw(2), BandScale::kRatio));
    }
    alarms += alarm ? 1 : 0;
  }
  EXPECT_LE(alarms, 12);
}

}  // namespace
}  // namespace freeact
