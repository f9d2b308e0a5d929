#include "calibration/trainer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "calibration/driver.h"
#include "calibration/saved_block.h"
#include "calibration/tiny_decoder.h"

namespace freeact {
namespace {

TEST(TypeSumLoss, AddsTypesWhateverTheirNumberOfTokens) {
  const at::Tensor y = at::tensor({1.0, 1.0, 1.0, 4.0}).reshape({1, 4, 1}), target = at::zeros({1, 4, 1}, at::kDouble);
  const at::Tensor types = at::tensor({0, 0, 0, 1}, at::kLong).unsqueeze(0);
  const Loss loss = type_sum_loss(y, target, types, 2);
  EXPECT_DOUBLE_EQ(loss.total.item<double>(), 1.0 + 16.0);
}

TEST(TypeSumLoss, AbsentTypeAddsNothing) {
  const at::Tensor y = at::ones({1, 3, 2}), types = at::zeros({1, 3}, at::kLong);
  const Loss loss = type_sum_loss(y, at::zeros({1, 3, 2}), types, 2);
  EXPECT_DOUBLE_EQ(loss.total.item<double>(), 1.0);
  EXPECT_DOUBLE_EQ(loss.parts[1].item<double>(), 0.0);
}

TEST(CosineSchedule, EndsAtTheMinimumForAllGroups) {
  CosineSchedule schedule({1e-2, 1e-1}, 50, 1e-5, false);
  for (int i = 0; i < 50; ++i) schedule.step();
  for (const double rate : schedule.rates()) EXPECT_NEAR(rate, 1e-5, 1e-12);
}

TEST(MakeBatches, KeepsOrderAndNeverMixesLengths) {
  std::vector<TokenBatch> sequences;
  for (const int64_t length : {3, 3, 5, 5, 5})
    sequences.emplace_back(at::full({1, length}, std::ssize(sequences), at::kLong));
  const auto batches = make_batches(sequences, 2);
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[0].ids_BT.sizes(), (at::IntArrayRef{2, 3}));
  EXPECT_EQ(batches[1].ids_BT.sizes(), (at::IntArrayRef{2, 5}));
  EXPECT_EQ(batches[2].ids_BT.sizes(), (at::IntArrayRef{1, 5}));
  EXPECT_EQ(batches[2].ids_BT[0][0].item<int64_t>(), 4);
}

TEST(MakeBatches, KeepsFeaturesAndPositionsWithTheirSequences) {
  const auto sequence = [](int64_t i) {
    return TokenBatch(at::full({1, 3}, i, at::kLong), at::full({2, 4}, static_cast<double>(i)),
                      at::full({3, 1, 3}, i, at::kLong));
  };
  const auto batches = make_batches({sequence(0), sequence(1), TokenBatch(at::zeros({1, 3}, at::kLong))}, 2);
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(batches[0].features_ND.sizes(), (at::IntArrayRef{4, 4}));
  EXPECT_EQ(batches[0].features_ND[2][0].item<double>(), 1);
  EXPECT_EQ(batches[0].positions_ABT.sizes(), (at::IntArrayRef{3, 2, 3}));
  EXPECT_EQ(batches[0].positions_ABT[2][1][0].item<int64_t>(), 1);
  EXPECT_FALSE(batches[1].features_ND.defined());
}

class Driver : public testing::Test {
 protected:
  DriverJob job(const std::filesystem::path& folder) {
    DriverJob j;
    j.calibration = tiny_batches(2);
    j.held_out = tiny_batches(1);
    j.progress_folder = folder;
    j.calibrate = [this](const Block& block, const std::vector<BlockBatch>&) {
      ++calibrated_;
      return round_block(block, {{4, true}, {4, true}, {4, false}, {4, false}}, {});
    };
    return j;
  }
  std::filesystem::path fresh_folder(const std::string& name) {
    const auto folder = std::filesystem::path(testing::TempDir()) / name;
    std::filesystem::remove_all(folder);
    return folder;
  }
  int calibrated_ = 0;
};

TEST_F(Driver, GoesOnFromSavedBlocksWithTheSameResult) {
  const auto folder = fresh_folder("driver_resume");
  const Decoder model = tiny_decoder();
  const auto undisturbed = calibrate_model(model, job(""));
  calibrate_model(model, job(folder));
  std::filesystem::remove(folder / "block_1.safetensors");  // as if killed during the second block
  calibrated_ = 0;
  const auto resumed = calibrate_model(model, job(folder));
  EXPECT_EQ(calibrated_, 1);
  const TokenBatch ids = tiny_batches(1)[0];
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(at::equal(resumed.model.logits(ids), undisturbed.model.logits(ids)));
  ASSERT_EQ(resumed.errors.size(), undisturbed.errors.size());
  for (size_t i = 0; i < resumed.errors.size(); ++i)
    EXPECT_EQ(resumed.errors[i].relative_error, undisturbed.errors[i].relative_error);
}

TEST_F(Driver, BrokenProgressIsMadeAnew) {
  const auto folder = fresh_folder("driver_broken");
  const Decoder model = tiny_decoder();
  calibrate_model(model, job(folder));
  std::filesystem::resize_file(folder / "block_0.safetensors", 100);
  calibrated_ = 0;
  calibrate_model(model, job(folder));
  EXPECT_EQ(calibrated_, 1);
}

}  // namespace
}  // namespace freeact
