#include "latency/summary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "util/random.h"

namespace freeact {
namespace {

TEST(Quantile, IsLinearBetweenNeighbours) {
  EXPECT_DOUBLE_EQ(quantile({3, 1, 2}, 0.5), 2);
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile({0, 10}, 0.1), 1);
  EXPECT_DOUBLE_EQ(quantile({7}, 0.9), 7);
}

TEST(Summary, OneSlowRoundDoesNotMoveTheMedian) {
  const TimeSummary summary = summarise({1, 1, 1, 1, 1, 1, 1, 1, 1, 1000});
  EXPECT_DOUBLE_EQ(summary.median, 1);
  EXPECT_DOUBLE_EQ(summary.p10, 1);
  EXPECT_GT(summary.p90, 1);
  EXPECT_EQ(summary.count, 10);
}

// Times around 3 and 1 whose rounds are disturbed together, as those of a busy machine are.
std::pair<std::vector<double>, std::vector<double>> draw_rounds(uint64_t seed, double shared, double own) {
  Random random(seed);
  std::pair<std::vector<double>, std::vector<double>> times;
  for (int i = 0; i < 25; ++i) {
    const double load = 1 + shared * random.uniform();
    times.first.push_back(3 * load * (1 + own * random.uniform()));
    times.second.push_back(load * (1 + own * random.uniform()));
  }
  return times;
}

TEST(SpeedUpTest, IntervalCoversTheTruthAboutAsOftenAsItSays) {
  int covered = 0;
  constexpr int kTrials = 200;
  for (uint64_t seed = 0; seed < kTrials; ++seed) {
    const auto [baseline, rival] = draw_rounds(seed, 0, 0.3);
    const SpeedUp s = speed_up(baseline, rival, 1, 400);
    EXPECT_LE(s.low, s.ratio);
    EXPECT_GE(s.high, s.ratio);
    covered += s.low <= 3 && 3 <= s.high ? 1 : 0;
  }
  EXPECT_GE(covered, kTrials * 90 / 100);
}

TEST(SpeedUpTest, WhatDisturbsAWholeRoundCancels) {
  const auto [baseline, rival] = draw_rounds(5, 2.0, 0.0);
  const SpeedUp s = speed_up(baseline, rival);
  EXPECT_NEAR(s.low, 3, 1e-9);
  EXPECT_NEAR(s.high, 3, 1e-9);
}

TEST(SpeedUpTest, OneSeedGivesOneInterval) {
  const auto [baseline, rival] = draw_rounds(7, 0.5, 0.5);
  const SpeedUp a = speed_up(baseline, rival, 1), b = speed_up(baseline, rival, 1), c = speed_up(baseline, rival, 2);
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
  EXPECT_NE(std::make_pair(a.low, a.high), std::make_pair(c.low, c.high));
}

}  // namespace
}  // namespace freeact
