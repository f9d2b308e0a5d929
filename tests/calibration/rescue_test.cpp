// The training loop on one number, where every step can be followed.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "calibration/trainer.h"

namespace freeact {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Lt;

// AdamW's first step moves a parameter by the learning rate, whatever its gradient.
class OneNumber : public testing::Test {
 protected:
  TrainingTrace run(const std::function<at::Tensor(int64_t batch)>& loss, int64_t num_batches = 1) {
    settings_.weight_decay = 0;
    settings_.min_lr_factor = 1;  // a constant rate
    return train(
        {{"numbers", {p_}, settings_.learning_rate}}, num_batches, settings_,
        [&](int64_t batch) {
          return Loss{loss(batch), {}};
        },
        [&](int64_t, bool updated) {
          if (updated) path_.push_back(p_.item<double>());
        });
  }

  at::Tensor p_ = at::ones({1, 1}, at::kDouble).requires_grad_();
  TrainerSettings settings_ = {.epochs = 1, .learning_rate = 1.0};
  std::vector<double> path_;  // after every step
};

// 1 -> 0 -> singular; 1 -> 0.5, from which 0.49 is far enough.
TEST_F(OneNumber, ASingularMatrixHalvesTheRateUntilItIsNone) {
  const auto trace =
      run([&](int64_t) { return p_.square().sum() + 0 * at::inverse((p_ + 0.01).detach().round()).sum(); });
  EXPECT_NEAR(p_.item<double>(), 0.5, 1e-6);
  EXPECT_EQ(trace.rescues, 1);
  EXPECT_THAT(trace.warnings, Each(HasSubstr("a matrix could not be inverted; back to the start")));
  EXPECT_EQ(trace.losses.size(), 1U);
  EXPECT_NEAR(trace.learning_rates[0][0], 0.5, 1e-12);
}

TEST_F(OneNumber, ALossThatTurnsNanGoesBackToTheBestEpoch) {
  settings_ = {.epochs = 8, .learning_rate = 0.3};
  // 1, 0.7, 0.4, 0.1, then the logarithm is not defined: back to 0.1 and on with half the rate, until steps are small.
  const auto trace = run([&](int64_t) { return at::log(p_ - 0.05).sum() + 10; });
  EXPECT_TRUE(std::isfinite(trace.loss_end));
  EXPECT_GT(p_.item<double>(), 0.05);
  EXPECT_GT(trace.rescues, 0);
  EXPECT_EQ(trace.losses.size(), trace.epoch_losses.size());
}

TEST_F(OneNumber, AfterAGoodEpochItGoesBackToItsEnd) {
  settings_ = {.epochs = 4, .learning_rate = 0.1};
  int64_t calls = 0;  // the sixth is the second step of the third epoch
  const auto loss = [&](int64_t) { return p_.square().sum() / (++calls == 6 ? 0.0 : 1.0); };
  const auto trace = run(loss, /*num_batches=*/2);
  EXPECT_THAT(trace.warnings, ElementsAre(HasSubstr("after 5 steps: the loss is inf; back to the end of epoch 2")));
  EXPECT_EQ(trace.losses.size(), 8U);
  EXPECT_NEAR(path_[5], path_[3] - 0.05, 1e-3);  // the first step of a new optimiser is half the rate
}

TEST_F(OneNumber, ANanGradientIsFoundThoughTheLossIsFinite) {
  const auto trace = run([&](int64_t) { return (p_ + at::sqrt(p_ * 0)).sum(); });  // infinity times 0
  EXPECT_DOUBLE_EQ(p_.item<double>(), 1);
  EXPECT_TRUE(trace.usable);
  EXPECT_THAT(trace.warnings[0], HasSubstr("not all numbers are finite"));
  EXPECT_THAT(trace.warnings.back(), HasSubstr("gave up after 3 rescues, the start is kept"));
}

TEST_F(OneNumber, AnExplosionIsUndone) {
  settings_ = {.epochs = 20, .learning_rate = 1.0};
  // Downhill from 1 is towards a wall: the gradient of the visible loss points to larger numbers.
  const auto trace = run([&](int64_t) { return -p_.sum() + p_.detach().sum() + p_.detach().pow(4).sum(); });
  EXPECT_GT(trace.rescues, 0);
  EXPECT_THAT(trace.warnings[0], HasSubstr("the loss grew to"));
  EXPECT_LE(trace.loss_end, 2);
}

TEST_F(OneNumber, WhatIsNotFiniteAtTheStartIsNotUsable) {
  const auto trace = run([&](int64_t) { return p_.sum() / 0.0; });
  EXPECT_FALSE(trace.usable);
  EXPECT_DOUBLE_EQ(p_.item<double>(), 1);
}

TEST_F(OneNumber, ALossOfZeroLeavesTheParametersAlone) {
  const auto trace = run([&](int64_t) { return (p_ * 0).sum(); });
  EXPECT_DOUBLE_EQ(p_.item<double>(), 1);
  EXPECT_THAT(trace.warnings, IsEmpty());
}

TEST_F(OneNumber, PatienceCountsEpochsWithoutALowerLoss) {
  settings_ = {.epochs = 10, .learning_rate = 0.1};
  settings_.patience = 3;
  const auto trace = run([&](int64_t) { return (p_ * 0).sum() + 1; }, /*num_batches=*/2);
  EXPECT_TRUE(trace.stopped_early);
  EXPECT_THAT(trace.epoch_losses, ElementsAre(1, 1, 1, 1));  // the first is the best, then three without gain
  EXPECT_EQ(trace.losses.size(), 8U);
}

TEST_F(OneNumber, TheBestEpochIsKeptOnlyWhereAskedFor) {
  const auto overshooting = [&](int64_t) { return (p_ - 0.45).square().sum(); };
  for (const bool keep_best : {false, true}) {
    p_ = at::ones({1, 1}, at::kDouble).requires_grad_();
    path_.clear();
    settings_ = {.epochs = 4, .learning_rate = 0.5};
    settings_.keep_best = keep_best;
    const auto trace = run(overshooting);
    const auto best = std::min_element(trace.epoch_losses.begin(), trace.epoch_losses.end());
    const auto index = static_cast<size_t>(best - trace.epoch_losses.begin());
    ASSERT_LT(index, 3U);  // it does overshoot
    EXPECT_DOUBLE_EQ(p_.item<double>(), keep_best ? path_[index] : path_.back());
  }
}

// Tokens off by 1 and 2: squares 1 and 4.
const at::Tensor kTarget = at::zeros({1, 2, 3}, at::kDouble);

at::Tensor off_by_one_and_two() {
  return at::tensor({1.0, 2.0}, at::kDouble).reshape({1, 2, 1}).expand({1, 2, 3});
}

TEST(LossWeights, AreAWeightedMeanOverTokens) {
  const at::Tensor weights = at::tensor({3.0, 1.0}, at::kDouble).unsqueeze(0);
  EXPECT_DOUBLE_EQ(mean_squared_loss(off_by_one_and_two(), kTarget, weights).total.item<double>(), (3 * 1 + 4) / 4.0);
  EXPECT_DOUBLE_EQ(mean_squared_loss(off_by_one_and_two(), kTarget).total.item<double>(), 2.5);
  EXPECT_DOUBLE_EQ(mean_squared_loss(off_by_one_and_two(), kTarget, 0 * weights).total.item<double>(), 0);
}

TEST(LossWeights, CountWithinEachType) {
  const at::Tensor y = at::tensor({1.0, 2.0, 5.0}, at::kDouble).reshape({1, 3, 1}),
                   target = at::tensor({0.0, 0.0, 3.0}, at::kDouble).reshape({1, 3, 1});
  const at::Tensor types = at::tensor({0, 0, 1}, at::kLong).unsqueeze(0),
                   weights = at::tensor({1.0, 3.0, 7.0}, at::kDouble).unsqueeze(0);
  const Loss loss = type_sum_loss(y, target, types, 2, /*relative=*/false, weights);
  EXPECT_DOUBLE_EQ(loss.parts[0].item<double>(), (1 + 3 * 4) / 4.0);
  EXPECT_DOUBLE_EQ(loss.parts[1].item<double>(), 4);  // one token: its weight does not matter
  EXPECT_DOUBLE_EQ(type_sum_loss(y, target, types, 2, true, weights).parts[1].item<double>(), 4.0 / 9);
}

}  // namespace
}  // namespace freeact
