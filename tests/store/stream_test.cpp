#include "store/stream.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "store/store.h"

namespace freeact {
namespace {

StreamPoint point(const std::string& arm, int window, const std::string& type, double error) {
  return {.arm = arm,
          .window = window,
          .data = window < 1 ? "puzzles" : "bible/valid.txt",
          .layer = 2,
          .site = "mlp.down",
          .token_type = type,
          .relative_error = error,
          .drift = 0.125,
          .tokens = 64};
}

StreamRecord stream(const std::string& key, const std::vector<StreamPoint>& points) {
  return {.key = key,
          .experiment = "stream/tiny",
          .model = "tiny",
          .method = "freeact_plus",
          .bits = "W4A4",
          .seed = ~uint64_t{0},
          .shift_at = 1,
          .resolved_config = "seed: 1\n",
          .source_version = "0.1.0",
          .checkpoint_hash = "c",
          .machine = "a machine",
          .started_at = "2026-11-26T00:00:00Z",
          .seconds = 1.5,
          .points = points};
}

class StreamStore : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "freeact_stream_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Store open() const { return Store::open_for_writing(folder_ / "results.db"); }

  std::filesystem::path folder_;
};

TEST_F(StreamStore, KeepsEveryField) {
  const StreamRecord whole = stream("k", {point("frozen", 0, "mask", 0.5), point("means", 1, "visible", 0.25)});
  EXPECT_FALSE(open().has_stream("k"));
  open().add_stream(whole);
  EXPECT_TRUE(open().has_stream("k"));
  EXPECT_EQ(open().streams(), std::vector{whole});
}

TEST_F(StreamStore, AnArmWithoutDriftStaysWithoutOne) {
  StreamRecord record = stream("k", {point("recalibrated", 0, "mask", 0.5)});
  record.points[0].drift = std::nan("");
  open().add_stream(record);
  EXPECT_TRUE(std::isnan(open().streams().at(0).points.at(0).drift));
}

TEST_F(StreamStore, AStreamRunAgainTakesTheOldOnesPlace) {
  open().add_stream(stream("k", {point("frozen", 0, "mask", 0.5), point("frozen", 1, "mask", 0.5)}));
  open().add_stream(stream("other", {}));
  const StreamRecord again = stream("k", {point("frozen", 0, "mask", 0.25)});
  open().add_stream(again);
  EXPECT_EQ(open().streams(), (std::vector{stream("other", {}), again}));
}

TEST(MeanOfStream, WeighsWindowsAlike) {
  const StreamRecord record = stream("k", {point("frozen", 0, "mask", 1), point("frozen", 0, "visible", 3),
                                           point("frozen", 1, "mask", 6), point("means", 1, "mask", 100)});
  const auto mean = [&](int begin, int end, const std::string& type) {
    return mean_of_stream(record, &StreamPoint::relative_error, "frozen", begin, end, type);
  };
  EXPECT_EQ(mean(0, 2, ""), 4);
  EXPECT_EQ(mean(0, 1, ""), 2);
  EXPECT_EQ(mean(0, 2, "mask"), 3.5);
  EXPECT_TRUE(std::isnan(mean(2, 3, "")));
  EXPECT_EQ(stream_arms(record), (std::vector<std::string>{"frozen", "means"}));
}

}  // namespace
}  // namespace freeact
