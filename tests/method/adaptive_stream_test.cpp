#include "method/freeact/adaptive_stream.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "calibration/tiny_decoder.h"
#include "method/freeact/freeact_plus.h"

namespace freeact {
namespace {

// The first block of a tiny decoder, calibrated on half masked tokens.
class AdaptiveStream : public testing::Test {
 protected:
  void SetUp() override {
    FreeActPlusConfig config;
    config.epochs = 1;
    config.branch_fraction = 0.1;
    calibration_ = of_first_block(tiny_batches(4));
    block_ = FreeActPlus(config, {.quant = {{4, true}, {4, true}, {16, true}, {16, true}}, .seed = 1})
                 .calibrate(decoder_.blocks[0], calibration_, decoder_.config);
  }

  std::vector<BlockBatch> of_first_block(const std::vector<TokenBatch>& tokens) const {
    auto batches = first_block_batches(decoder_, tokens);
    for (auto& batch : batches)
      batch.outputs_BTD = decoder_.blocks[0].forward(batch.inputs_BTD, batch.context, decoder_.config);
    return batches;
  }

  // Windows like the calibration, then windows of few tokens over and over.
  std::vector<std::vector<BlockBatch>> windows(int64_t last_id) const {
    std::vector<std::vector<BlockBatch>> all = {of_first_block(tiny_batches(2))};
    for (int64_t id : {int64_t{3}, int64_t{3}, int64_t{3}, last_id})
      all.push_back(of_first_block({TokenBatch(at::tensor({id, id, int64_t{31}, id, id, int64_t{31}}).unsqueeze(0))}));
    return all;
  }

  std::vector<StreamError> run(int64_t last_id, double threshold = 0.1) const {
    return run_stream(block_, calibration_, windows(last_id), decoder_.config,
                      {.arms = adaptive_arms(true, true), .decay = 0.3, .threshold = threshold});
  }

  Decoder decoder_ = tiny_decoder();
  std::vector<BlockBatch> calibration_;
  CalibratedBlock block_;
};

double mean_error(const std::vector<StreamError>& errors, size_t arm, int window) {
  double sum = 0, count = 0;
  for (const auto& e : errors)
    if (e.arm == arm && e.window == window) sum += e.error.relative_error, ++count;
  return sum / count;
}

TEST_F(AdaptiveStream, NoArmIsScoredOnWhatItHasLearnt) {
  const auto errors = run(3), changed_later = run(7);
  for (size_t arm = 0; arm < 3; ++arm) {
    EXPECT_EQ(mean_error(errors, arm, 0), mean_error(errors, 0, 0));  // nothing learnt yet
    for (int window = 0; window < 4; ++window)
      EXPECT_EQ(mean_error(errors, arm, window), mean_error(changed_later, arm, window));
  }
}

TEST_F(AdaptiveStream, AdaptingLowersTheErrorOfDataThatStay) {
  const auto errors = run(3);
  EXPECT_EQ(mean_error(errors, 0, 1), mean_error(errors, 0, 4));  // the frozen arm, the same window
  EXPECT_LT(mean_error(errors, 1, 4), mean_error(errors, 0, 4));
  EXPECT_LT(mean_error(errors, 2, 4), mean_error(errors, 0, 4));
}

TEST_F(AdaptiveStream, DirectionsWaitForTheThreshold) {
  const auto errors = run(3, /*threshold=*/1e9);
  for (int window = 0; window < 5; ++window) EXPECT_EQ(mean_error(errors, 2, window), mean_error(errors, 1, window));
}

TEST(AdaptiveArms, AreWhatAMethodCanRefresh) {
  const auto names = [](bool means, bool directions) {
    std::vector<std::string> all;
    for (const auto& arm : adaptive_arms(means, directions)) all.push_back(arm.name);
    return all;
  };
  EXPECT_EQ(names(false, false), (std::vector<std::string>{"frozen"}));
  EXPECT_EQ(names(true, false), (std::vector<std::string>{"frozen", "means"}));
  EXPECT_EQ(names(false, true), (std::vector<std::string>{"frozen", "directions"}));
  EXPECT_EQ(names(true, true), (std::vector<std::string>{"frozen", "means", "means+directions"}));
}

}  // namespace
}  // namespace freeact
