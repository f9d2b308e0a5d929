#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "older_file.h"
#include "store/schema.h"
#include "store/store.h"

namespace freeact {
namespace {

LatencyRow make_row(const std::string& name) {
  return {.name = name,
          .baseline = "decode/tiny/none",
          .model = "a/folder",
          .checkpoint_hash = "c0ffee",
          .backend = "cpu float32",
          .unit = "answer",
          .clock = "thread CPU",
          .median_s = 0.25,
          .p10_s = 0.24,
          .p90_s = 0.3,
          .count = 12,
          .ratio = 1.5,
          .ratio_low = 1.4,
          .ratio_high = 1.625,
          .accuracy = 99.5,
          .accuracy_kind = "exact match",
          .statistics = {{"forward_passes", 10.5}, {"positions", 230}},
          .note = "random weights",
          .dropped = 3,
          .goal = "C1",
          .opponents = {{{"opponent", "best int8"}, {"ratio", 1.25}}},
          .ceiling = "decode/tiny/peak",
          .ceiling_fraction = 0.875,
          .seed = UINT64_MAX,
          .machine = "a machine",
          .threads = 2,
          .flags = "avx2 fma",
          .instruction_set = "avx2",
          .peak_memory_mib = 1536.5,
          .cpu_clock = "2596 MHz, governor unknown",
          .source_version = "0.1.0",
          .measured_at = "2025-01-01T00:00:00Z"};
}

class LatencyStore : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "freeact_latency_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ / "results.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_, path_;
};

TEST_F(LatencyStore, KeepsEveryFieldAndTheOrder) {
  const std::vector<LatencyRow> rows = {make_row("b"), make_row("a")};
  Store::open_for_writing(path_).add_latencies(rows);
  EXPECT_EQ(Store::open_for_reading(path_).latencies(), rows);
}

TEST_F(LatencyStore, ARepeatedMeasurementStandsBesideTheOlderOne) {
  auto store = Store::open_for_writing(path_);
  store.add_latencies({make_row("a")});
  store.add_latencies({make_row("a")});
  EXPECT_EQ(store.latencies().size(), 2U);
}

TEST_F(LatencyStore, NoAccuracyIsNotANumberAndNullInJson) {
  LatencyRow row = make_row("a");
  row.accuracy = std::nan("");
  auto store = Store::open_for_writing(path_);
  store.add_latencies({row});
  const LatencyRow loaded = store.latencies().at(0);
  EXPECT_TRUE(std::isnan(loaded.accuracy));
  const Json json = Json::parse(loaded.json().dump());
  EXPECT_TRUE(json["accuracy"].is_null());
  EXPECT_EQ(json["statistics"]["positions"], 230);
  EXPECT_EQ(json["ratio_high"], 1.625);
}

TEST_F(LatencyStore, TimesAreNoPartOfTheResultsDigest) {
  auto store = Store::open_for_writing(path_);
  const std::string digest = store.results_digest();
  store.add_latencies({make_row("a")});
  EXPECT_EQ(store.results_digest(), digest);
}

TEST_F(LatencyStore, AFileOfVersionTwoGetsTheTable) {
  Store::open_for_writing(path_);
  take_back_to_version(path_, 2);
  EXPECT_TRUE(Store::open_for_reading(path_).latencies().empty());
  auto store = Store::open_for_writing(path_);
  store.add_latencies({make_row("a")});
  EXPECT_EQ(store.latencies().size(), 1U);
}

TEST_F(LatencyStore, RowsWithoutAGoalStayReadable) {
  Store::open_for_writing(path_).add_latencies({make_row("a")});
  take_back_to_version(path_, 8);
  auto store = Store::open_for_writing(path_);
  const LatencyRow old = store.latencies().at(0);
  EXPECT_EQ(old.name, "a");
  EXPECT_EQ(old.measured_at, "2025-01-01T00:00:00Z");
  EXPECT_TRUE(old.goal.empty());
  EXPECT_TRUE(old.opponents.empty());
  EXPECT_TRUE(std::isnan(old.ceiling_fraction));
}

}  // namespace
}  // namespace freeact
