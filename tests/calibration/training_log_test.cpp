#include "calibration/training_log.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "calibration/driver.h"
#include "calibration/saved_block.h"
#include "calibration/tiny_decoder.h"

namespace freeact {
namespace {

BlockTrainingLog example(int64_t layer) {
  return {.layer = layer,
          .precision = "bfloat16",
          .epochs = 3,
          .rescues = 1,
          .stopped_early = true,
          .loss_start = 0.1,
          .loss_end = 1.0 / 3,
          .epoch_losses = {0.3, 1e-7},
          .sites = {{SiteId::kMlpDown, 0.25, 0.125, std::numeric_limits<double>::infinity(), 1e-6}},
          .warnings = {"after 3 steps: \"the loss\" is nan"}};
}

TEST(TrainingLog, TextKeepsEveryBit) {
  EXPECT_EQ(training_log_from_text(to_text(example(4))), example(4));
  BlockTrainingLog not_finite = example(0);
  not_finite.loss_end = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(training_log_from_text(to_text(not_finite)).loss_end));
}

class Logs : public testing::Test {
 protected:
  DriverResult calibrate(bool logs) {
    DriverJob job;
    job.calibration = tiny_batches(2);
    job.held_out = tiny_batches(1);
    job.progress_folder = folder_;
    job.calibrate = [&](const Block& block, const std::vector<BlockBatch>&) {
      ++calibrated_;
      CalibratedBlock result = round_block(block, {{4, true}, {4, true}, {16, false}, {16, false}}, {});
      if (logs) result.training = std::make_shared<BlockTrainingLog>(example(block.index));
      return result;
    };
    return calibrate_model(tiny_decoder(), job);
  }
  void SetUp() override { std::filesystem::remove_all(folder_); }

  const std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "training_logs";
  int calibrated_ = 0;
};

TEST_F(Logs, SurviveAResumedCalibration) {
  const auto first = calibrate(true);
  ASSERT_EQ(first.trainings.size(), 2U);
  std::filesystem::remove(folder_ / "block_1.safetensors");  // as if killed during the second block
  EXPECT_EQ(calibrate(true).trainings, first.trainings);
  EXPECT_EQ(calibrated_, 3);
}

TEST_F(Logs, ProgressOfAVersionWithoutThemStillCounts) {
  calibrate(false);
  EXPECT_TRUE(calibrate(true).trainings.empty());
  EXPECT_EQ(calibrated_, 2);
}

}  // namespace
}  // namespace freeact
