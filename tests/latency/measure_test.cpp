#include "latency/measure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "latency/machine.h"
#include "latency/memory.h"
#include "util/error.h"

namespace freeact {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;

// A clock that only moves when a rival works, and the order in which they did.
class FakeTime : public testing::Test {
 protected:
  Rival rival(const std::string& name, double seconds) {
    return {name, [this, name, seconds] {
              log_ += name;
              now_ += seconds;
            }};
  }
  std::vector<Measurement> measure_on_fake_clock(const std::vector<Rival>& rivals, const MeasureSettings& settings) {
    return measure(rivals, settings, [this] { return now_; });
  }

  double now_ = 1000;
  std::string log_;
};

TEST_F(FakeTime, RivalsTakeTurnsAndTheOrderRotates) {
  MeasureSettings settings;
  settings.warm_up_rounds = 1;
  settings.rounds = 6;
  measure_on_fake_clock({rival("A", 1), rival("B", 2), rival("C", 3)}, settings);
  EXPECT_EQ(log_,
            "ABC"
            "ABC"
            "BAC"
            "CAB"
            "ACB"
            "BCA"
            "CBA");
}

TEST_F(FakeTime, EveryRivalStartsEquallyOftenAndHasBothNeighbours) {
  for (const size_t rivals : {2U, 3U, 5U}) {
    std::map<size_t, int> starts;
    std::map<std::pair<size_t, size_t>, int> follows;
    for (int64_t round = 0; round < static_cast<int64_t>(2 * rivals); ++round) {
      const auto order = order_of_round(round, rivals);
      ++starts[order.front()];
      for (size_t i = 1; i < rivals; ++i) ++follows[{order[i - 1], order[i]}];
    }
    for (size_t i = 0; i < rivals; ++i) {
      EXPECT_EQ(starts[i], 2) << rivals;
      const size_t next = (i + 1) % rivals;
      EXPECT_GT((follows[{i, next}]), 0) << rivals;
      EXPECT_GT((follows[{next, i}]), 0) << rivals;
    }
  }
}

TEST_F(FakeTime, WarmUpIsNotTimed) {
  bool first = true;
  const Rival cold = {"cold", [&] { now_ += std::exchange(first, false) ? 100 : 1; }};
  MeasureSettings settings;
  settings.rounds = 3;
  EXPECT_THAT(measure_on_fake_clock({cold}, settings)[0].seconds, ElementsAre(1, 1, 1));
}

TEST_F(FakeTime, GoesOnUntilTheTimeIsMeasured) {
  MeasureSettings settings;
  settings.min_rounds = 2;
  settings.min_time_s = 10;
  const auto results = measure_on_fake_clock({rival("A", 1), rival("B", 2)}, settings);  // 3 s a round
  EXPECT_EQ(results[0].seconds.size(), 4U);
  EXPECT_EQ(results[1].name, "B");
  EXPECT_THAT(results[1].seconds, Each(2));
}

TEST_F(FakeTime, KeepsTheLeastAndTheMostRounds) {
  MeasureSettings settings;
  settings.min_rounds = 3;
  settings.min_time_s = 0.5;
  EXPECT_EQ(measure_on_fake_clock({rival("slow", 60)}, settings)[0].seconds.size(), 3U);
  settings.max_rounds = 7;
  EXPECT_EQ(measure_on_fake_clock({rival("quick", 1e-9)}, settings)[0].seconds.size(), 7U);
}

TEST_F(FakeTime, PreparationComesBeforeEveryRunAndIsNotTimed) {
  Rival hot = rival("r", 2);
  hot.prepare = [this] {
    log_ += "p";
    now_ += 50;
  };
  MeasureSettings settings;
  settings.rounds = 2;
  EXPECT_THAT(measure_on_fake_clock({hot}, settings)[0].seconds, Each(2));
  EXPECT_EQ(log_, "prprpr");
}

TEST_F(FakeTime, ASampleHasTheLowerSpeedOfBeforeAndAfter) {
  std::vector<double> readings = {10, 8, 9, 10, 7};  // before the first sample, between, after the last
  size_t next = 0;
  MeasureSettings settings;
  settings.rounds = 2;
  const auto results = measure(
      {rival("A", 1), rival("B", 1)}, settings, [this] { return now_; }, [&] { return readings.at(next++); });
  EXPECT_THAT(results[0].seconds, Each(1));           // the probe's time is nobody's
  EXPECT_THAT(results[0].speeds, ElementsAre(8, 7));  // first in the first round, last in the second
  EXPECT_THAT(results[1].speeds, ElementsAre(8, 9));
}

Measurement with_speeds(const std::string& name, const std::vector<double>& speeds) {
  return {.name = name, .seconds = std::vector<double>(speeds.size(), 1.0), .speeds = speeds};
}

TEST(DisturbedRounds, AreThoseBelowNineTenthsOfTheRivalsMedianSpeed) {
  EXPECT_THAT(undisturbed_rounds(with_speeds("A", {100, 91, 80})), ElementsAre(true, true, false));
  EXPECT_THAT(undisturbed_rounds(with_speeds("B", {100, 50, 100})), ElementsAre(true, false, true));
}

TEST(DisturbedRounds, AllCountWithoutAProbe) {
  EXPECT_THAT(undisturbed_rounds({.name = "A", .seconds = {1, 2}, .speeds = {}}), ElementsAre(true, true));
}

TEST(DisturbedRounds, AreNotThoseOfCodeThatSlowsTheProcessorItself) {
  const Measurement plain = with_speeds("plain", {100, 100, 100}), wide = with_speeds("wide", {70, 70, 20});
  EXPECT_THAT(undisturbed_rounds(wide), ElementsAre(true, true, false));
  EXPECT_DOUBLE_EQ(relative_speed(wide, {plain, wide}), 0.82352941176470584) << "70 of 85";
}

TEST(Clocks, OnlyMoveForward) {
  for (const auto clock : {wall_seconds, thread_cpu_seconds}) {
    const double begin = clock();
    EXPECT_GE(clock(), begin);
  }
}

TEST(Memory, SeesWhatARunTouches) {
  constexpr int64_t kBytes = 64 << 20;
  const PeakMemory memory;
  { const std::vector<char> block(kBytes, 'x'); }
  const int64_t extra = memory.extra_bytes();
  if (extra < 0) GTEST_SKIP() << "this kernel does not tell";
  EXPECT_GE(extra, kBytes * 9 / 10);
  const ResidentMemory here = resident_memory();
  EXPECT_LE(here.now_bytes, here.peak_bytes);
}

TEST(MachineDescription, IsOneLine) {
  const std::string line = machine_line({"A CPU", 2, "avx2", "1 MHz", "An OS"}, 3);
  EXPECT_EQ(line, "A CPU, 2 cores, 3 threads per run, An OS");
  const Machine here = describe_machine();
  EXPECT_GT(here.cores, 0);
  EXPECT_THAT(here.clock, HasSubstr("governor"));
  EXPECT_GE(last_level_cache_bytes(), 0);
  EXPECT_LT(last_level_cache_bytes(), int64_t{16} << 30);  // not KiB taken for MiB
}

}  // namespace
}  // namespace freeact
