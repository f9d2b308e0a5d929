#include "store/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "store/older_file.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

using testing::ElementsAre;
using testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// With a row of everything that belongs to a run.
RunRecord make_run(const std::string& key, double score = 97.5) {
  RunRecord run;
  run.key = key;
  run.experiment = "smoke";
  run.method = "freeact";
  run.resolved_config = "seed: 1\n";
  run.source_version = "0.1.0";
  run.arm = "freeact_r0";
  run.machine = "a machine";
  run.started_at = "2025-01-01T00:00:00Z";
  run.calibration_s = 1.5;
  run.metrics = {{"sort", 1, "exact_match", "", score, 1.1, 200, true, "%", 300}};
  run.samples = {{"sort", 0, "ab", "1 2 3", 1.0, SampleDetails{"3 2 1=", "1 2 3", "{}", 4, 2, 0.5}}};
  run.layer_errors = {{0, "attention.qkv", "mask", 0.03, 512, 0.01, 0.02}};
  run.activations = {{1, "mlp.down", "visible", 512, 1536, 81.5, 700, 0.125, 93, 40, 12.5, 300}};
  run.gallery = {{"picture_grid", 3, "ab", "where?", "left", "png"}};
  run.block_trainings = {{0, "float32", 2, 0, false, 1.5, 0.5, {1, 0.5}, {{"mlp.down", 0.2, 0.1, 3, 1e-6}}, {"odd"}}};
  run.row_spaces = {{1, "mlp.down", "visible", "mask", 1536, 40, 30, 12, 0.5, 80, 30, 0.2, 0.01, 0.02}};
  run.solution_spaces = {{1, "mlp.down", "visible", 512, 1536, 300, 900, 48, 1e-4, 2e-4, 3e-3}};
  run.surfaces = {{1, "mlp.down", "mask", 100, 1536, 2, 3, 7.5, std::string("\0\xff\x10\0ab", 6)}};
  return run;
}

StreamRecord make_stream(const std::string& key, double error = 0.25) {
  StreamRecord stream;
  stream.key = key;
  stream.experiment = "stream";
  stream.points = {{"frozen", 0, "bible", 1, "mlp.down", "mask", error, kNan, 64}};
  return stream;
}

LatencyRow make_latency(const std::string& name) {
  LatencyRow row;
  row.name = name;
  row.median_s = 0.5;
  return row;
}

class Merge : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "freeact_merge_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    source_ = folder_ / "source.db";
  }
  void TearDown() override { fs::remove_all(folder_); }

  Store into() const { return Store::open_for_writing(folder_ / "into.db"); }

  fs::path folder_, source_;
};

TEST_F(Merge, TakesAllThereIsAndRepeatingItChangesNothing) {
  {
    Store source = Store::open_for_writing(source_);
    source.add(make_run("a"));
    source.add(make_run("b", kNan));
    source.add_stream(make_stream("s"));
    source.add_training({"puzzle", "hash", 10, "m", "v", {{1, 0.5, 64, {{"sort", 2.5}}, {}}, {2, 1, 128, {}, {}}}});
    source.add_latencies({make_latency("x"), make_latency("x"), make_latency("y")});
  }
  Store store = into();
  store.add(make_run("a"));
  store.add_training({"puzzle", "hash", 10, "m", "v", {{1, 0.5, 64, {{"sort", 2.5}}, {}}}});
  store.add_latencies({make_latency("y")});
  const MergeOutcome first = merge_store(source_, store);
  EXPECT_EQ(first.runs.added, 1);
  EXPECT_EQ(first.runs.present, 1);
  EXPECT_EQ(first.streams.added, 1);
  EXPECT_EQ(first.trainings.added, 1);
  EXPECT_EQ(first.latencies.added, 2);
  EXPECT_THAT(first.conflicts, ElementsAre());
  EXPECT_EQ(store.load(1), make_run("a"));
  RunRecord b = store.load(2);
  EXPECT_TRUE(std::isnan(b.metrics[0].value));
  b.metrics[0].value = 97.5;
  EXPECT_EQ(b, make_run("b")) << "all rows of a run come with it";
  EXPECT_EQ(store.trainings().at(0).points.size(), 2);

  const MergeOutcome again = merge_store(source_, store);
  for (const auto& count : {again.runs, again.streams, again.trainings, again.latencies}) EXPECT_EQ(count.added, 0);
  EXPECT_EQ(again.runs.present, 2);
  EXPECT_EQ(again.latencies.present, 3);
  EXPECT_THAT(again.conflicts, ElementsAre()) << "what could not be computed is the same on both sides";
  EXPECT_EQ(store.latencies().size(), 3);
}

TEST_F(Merge, KeepsTheOlderOfTwoResultsOfOneKeyAndNamesIt) {
  {
    Store source = Store::open_for_writing(source_);
    source.add(make_run("a", 50));
    source.add_stream(make_stream("s", 0.5));
    RunRecord same = make_run("b");
    same.machine = "another machine";
    same.calibration_s = 99;
    same.source_version = "0.2.0";
    source.add(same);
  }
  Store store = into();
  store.add(make_run("a"));
  store.add(make_run("b"));
  store.add_stream(make_stream("s"));
  EXPECT_THAT(merge_store(source_, store).conflicts, ElementsAre("a", "s"));
  EXPECT_EQ(store.load(1), make_run("a"));
  EXPECT_EQ(store.load(2), make_run("b"));
}

TEST_F(Merge, ReadsFilesOfOlderVersionsAsTheyAre) {
  {
    Store source = Store::open_for_writing(source_);
    RunRecord run = make_run("a");
    run.gallery.clear();
    source.add(run);
  }
  take_back_to_version(source_, 2);
  const auto size = fs::file_size(source_);
  Store store = into();
  EXPECT_EQ(merge_store(source_, store).runs.added, 1);
  EXPECT_EQ(store.load(1).samples.size(), 1);
  EXPECT_EQ(fs::file_size(source_), size);
}

TEST_F(Merge, NamesASourceThatIsNone) {
  Store store = into();
  std::ofstream(source_) << std::string(200, 'x');
  for (const fs::path& path : {source_, folder_ / "missing.db"}) {
    try {
      merge_store(path, store);
      ADD_FAILURE() << path;
    } catch (const SourceError& error) {
      EXPECT_EQ(error.code(), ExitCode::kUserInput);
      EXPECT_THAT(error.what(), HasSubstr(path.string()));
    }
  }
}

}  // namespace
}  // namespace freeact
