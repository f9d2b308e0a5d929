// Trainings that are driven astray: the block that comes out is usable, and the log says what happened.
#include "calibration/guarded_training.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "calibration/learning_config.h"
#include "calibration/tiny_decoder.h"

namespace freeact {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr QuantSpec kW4A4 = {{4, true}, {4, true}, {16, true}, {16, true}};

class GuardedLearning : public testing::Test {
 protected:
  GuardedLearning() : model_(tiny_decoder()), batches_(first_block_batches(model_, tiny_batches(2))) {
    config_.epochs = 2;
    const at::NoGradGuard no_grad;
    for (auto& batch : batches_)
      batch.outputs_BTD = model_.blocks[0].forward(batch.inputs_BTD, batch.context, model_.config);
  }

  CalibratedBlock learn(const std::function<void(const LearnedBlock&)>& before_training = nullptr) const {
    LearningSettings settings = config_.settings();
    settings.before_training = before_training;
    return learn_block(model_.blocks[0], batches_, model_.config, kW4A4, settings, 1);
  }
  // ||y_hat - y||^2 / ||y||^2 of the block's output; NaN where it is not finite.
  double error(const CalibratedBlock& block) const {
    const at::NoGradGuard no_grad;
    const auto& batch = batches_[0];
    const at::Tensor y = block.quantised().forward(batch.inputs_BTD, batch.context, model_.config);
    return ((y - batch.outputs_BTD).square().sum() / batch.outputs_BTD.square().sum()).item<double>();
  }

  Decoder model_;
  std::vector<BlockBatch> batches_;
  LearningConfig config_;
};

TEST_F(GuardedLearning, AnUntroubledTrainingLogsItsWayWithoutWarnings) {
  const CalibratedBlock block = learn();
  const BlockTrainingLog& log = *block.training;
  EXPECT_THAT(log.warnings, IsEmpty());
  EXPECT_EQ(log.rescues, 0);
  EXPECT_EQ(log.epochs, 2);
  ASSERT_EQ(log.epoch_losses.size(), 2U);
  EXPECT_LT(log.loss_end, log.loss_start);
  ASSERT_EQ(log.sites.size(), static_cast<size_t>(kNumSites));
  for (const auto& site : log.sites) {
    EXPECT_GT(site.error_before, 0);
    EXPECT_GT(site.error_after, 0);
    EXPECT_LT(site.condition, 10);  // orthogonal at the start, and moved little
    EXPECT_LT(site.inverse_deviation, 1e-5);
  }
}

TEST_F(GuardedLearning, AHugeLearningRateEndsInAUsableBlockAndAWarning) {
  config_.learning_rate = 1e4;
  for (const char* parametrisation : {"svd", "inv"}) {
    config_.parametrisation = parametrisation;
    const CalibratedBlock block = learn();
    EXPECT_LT(error(block), 0.2) << parametrisation;  // 4 bits at the start
    EXPECT_THAT(block.training->warnings, Contains(HasSubstr("the start is kept")));
    EXPECT_EQ(block.training->rescues, 3);
    EXPECT_EQ(block.training->epochs, 0);
  }
}

TEST_F(GuardedLearning, BfloatGivesWayToFloat32) {
  config_.precision = "bfloat16";
  EXPECT_EQ(learn().training->precision, "bfloat16");
  config_.learning_rate = 1e4;
  EXPECT_EQ(learn().training->precision, "float32");
}

TEST_F(GuardedLearning, ASingularStartIsRoundedWithoutTransforms) {
  config_.parametrisation = "inv";
  const CalibratedBlock block = learn([](const LearnedBlock& learned) {
    const at::NoGradGuard no_grad;
    learned.site(SiteId::kMlpDown).transform.left->parameters()[0].zero_();
  });
  EXPECT_LT(error(block), 0.5);
  EXPECT_THAT(block.training->warnings, Contains(HasSubstr("a matrix could not be inverted")));
  EXPECT_THAT(block.training->warnings, Contains(HasSubstr("rounded without transforms")));
  for (const auto& site : block.sites) EXPECT_THAT(site->parts().transforms, IsEmpty());
}

TEST_F(GuardedLearning, ANearlySingularTransformIsNamedWithItsNumber) {
  config_.parametrisation = "inv";
  config_.learning_rate = 1e-9;
  const CalibratedBlock block = learn([](const LearnedBlock& learned) {
    const at::NoGradGuard no_grad;
    learned.site(SiteId::kMlpGateUp).transform.left->parameters()[0][0] *= 1e-6;
  });
  EXPECT_THAT(block.training->warnings, Contains(HasSubstr("mlp.gate_up: the transform is nearly singular")));
  EXPECT_GT(block.training->sites[static_cast<size_t>(SiteId::kMlpGateUp)].condition, 1e5);
}

TEST_F(GuardedLearning, InputsThatAreNotFiniteAreNotHidden) {
  batches_[0].outputs_BTD = batches_[0].outputs_BTD * std::numeric_limits<double>::infinity();
  const CalibratedBlock block = learn();
  EXPECT_THAT(block.training->warnings, Contains(HasSubstr("not even its start is finite")));
}

TEST_F(GuardedLearning, PatienceStopsWhatDoesNotImprove) {
  config_.epochs = 12;
  config_.patience = 1;
  config_.learning_rate = 1e-12;
  const BlockTrainingLog log = *learn().training;
  EXPECT_TRUE(log.stopped_early);
  EXPECT_LT(log.epochs, 12);
}

}  // namespace
}  // namespace freeact
