#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "older_file.h"
#include "store/record_json.h"
#include "store/store.h"

namespace freeact {
namespace {

BlockTraining training(int layer) {
  return {.layer = layer,
          .precision = "bfloat16",
          .epochs = 2,
          .rescues = 1,
          .stopped_early = true,
          .loss_start = 0.1,
          .loss_end = 1.0 / 3,
          .epoch_losses = {0.3, 1e-9},
          .sites = {{"mlp.down", 0.5, 0.25, std::numeric_limits<double>::infinity(), 1e-6},
                    {"attention.qkv", 0.25, 0.125, 3, 0}},
          .warnings = {"it's \"odd\"", "twice"}};
}

RunRecord trained_run() {
  RunRecord run;
  run.key = "k";
  run.experiment = "e";
  run.block_trainings = {training(1), training(0)};
  return run;
}

class BlockTrainingStore : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "freeact_trainings_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ / "results.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_, path_;
};

TEST_F(BlockTrainingStore, KeepsEveryBitInTheOrderGiven) {
  auto store = Store::open_for_writing(path_);
  EXPECT_EQ(store.load(store.add(trained_run())), trained_run());
}

TEST_F(BlockTrainingStore, LossesThatAreNotFiniteAreKept) {
  RunRecord run = trained_run();
  run.block_trainings[0].loss_end = std::numeric_limits<double>::quiet_NaN();
  run.block_trainings[0].epoch_losses = {std::numeric_limits<double>::quiet_NaN()};
  auto store = Store::open_for_writing(path_);
  const auto loaded = store.load(store.add(run)).block_trainings.at(0);
  EXPECT_TRUE(std::isnan(loaded.loss_end));
  EXPECT_TRUE(std::isnan(loaded.epoch_losses.at(0)));
}

TEST_F(BlockTrainingStore, GoWithTheirRun) {
  auto store = Store::open_for_writing(path_);
  store.add(trained_run());
  RunRecord again = trained_run();
  again.block_trainings.pop_back();
  EXPECT_EQ(store.load(store.add(again, /*replace=*/true)).block_trainings.size(), 1U);
  EXPECT_EQ(SQLite::Database(path_.string()).execAndGet("SELECT count(*) FROM site_trainings").getInt(), 2);
}

TEST_F(BlockTrainingStore, AFileOfVersionSixGetsTheTablesAndKeepsItsRuns) {
  RunRecord old = trained_run();
  old.block_trainings.clear();
  Store::open_for_writing(path_).add(old);
  take_back_to_version(path_, 6);
  auto store = Store::open_for_writing(path_);
  EXPECT_EQ(store.load(1), old);
  EXPECT_EQ(store.load(store.add(trained_run(), /*replace=*/true)), trained_run());
}

TEST(BlockTrainingJson, TellsWarningsAndConditions) {
  const Json json = record_json(trained_run());
  EXPECT_EQ(json["block_trainings"][0]["warnings"][1], "twice");
  EXPECT_EQ(json["block_trainings"][0]["sites"][1]["condition"], 3);
}

}  // namespace
}  // namespace freeact
