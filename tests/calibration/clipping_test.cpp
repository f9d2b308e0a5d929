#include "calibration/clipping.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "calibration/learning_config.h"
#include "calibration/tiny_decoder.h"

namespace freeact {
namespace {

constexpr QuantSpec kW4A4 = {{4, true}, {4, true}, {16, true}, {16, true}};

class Clipping : public testing::Test {
 protected:
  Clipping() : model_(tiny_decoder()), batches_(first_block_batches(model_, tiny_batches(4))) {
    const at::NoGradGuard no_grad;
    for (auto& linears : model_.blocks[0].linears)
      for (Linear& linear : linears) linear.weight = 5 * linear.weight.pow(3);  // heavy tails, where clipping helps
    for (auto& batch : batches_)
      batch.outputs_BTD = model_.blocks[0].forward(batch.inputs_BTD, batch.context, model_.config);
  }

  CalibratedBlock clipped(const ClippingPolicy& policy) const {
    return apply_clipping(round_block(model_.blocks[0], kW4A4, policy.rounding()), policy, kW4A4, batches_,
                          model_.config, /*epochs=*/10);
  }
  double block_error(const CalibratedBlock& block) const {
    const at::NoGradGuard no_grad;
    double sum = 0;
    for (const auto& batch : batches_)
      sum += at::mse_loss(block.quantised().forward(batch.inputs_BTD, batch.context, model_.config), batch.outputs_BTD)
                 .item<double>();
    return sum;
  }
  static double ratio_of(const CalibratedBlock& block, SiteId id) {
    const Clip clip = block.sites[static_cast<size_t>(id)]->parts().linears[0].activation_clip;
    return clip.max.defined() ? clip.max.item<double>() : 1.0;
  }

  Decoder model_;
  std::vector<BlockBatch> batches_;
};

TEST_F(Clipping, LearnedClipsLowerTheErrorTheyAreTrainedOn) {
  EXPECT_LT(block_error(clipped({{ClipKind::kLearned}, {ClipKind::kLearned}})), 0.95 * block_error(clipped({})));
}

TEST_F(Clipping, LearningOneSideLeavesTheOtherAsStated) {
  const CalibratedBlock block = clipped({{ClipKind::kLearned}, {ClipKind::kFixed, 0.8}});
  for (const SiteId id : {SiteId::kAttentionQkv, SiteId::kMlpDown}) EXPECT_NEAR(ratio_of(block, id), 0.8, 1e-6);
}

TEST_F(Clipping, SearchedActivationsAreCutWhereTheirErrorIsLeast) {
  const CalibratedBlock plain = clipped({}), searched = clipped({{}, {ClipKind::kSearched}});
  const at::NoGradGuard no_grad;
  const auto error = [&](const CalibratedBlock& block, double ratio) {
    double sum = 0;
    const auto& site = block.sites[static_cast<size_t>(SiteId::kAttentionQkv)];
    for (const auto& batch : batches_) {
      const at::Tensor z = site->transformed(
          rms_norm(batch.inputs_BTD, block.equivalent.attention_norm, model_.config.norm_eps), batch.context.types_BT);
      const at::Tensor difference = fake_quantise_activation(z, kW4A4.activation, Clip::ratio(ratio)) - z;
      sum += (difference.square().sum(-1) / z.square().sum(-1)).sum().item<double>();
    }
    return sum;
  };
  const double chosen = ratio_of(searched, SiteId::kAttentionQkv);
  for (double other = 1.0; other > 0.49; other -= 0.05) EXPECT_LE(error(plain, chosen), error(plain, other) * 1.00001);
}

TEST_F(Clipping, LearningMethodsKeepAFixedClipThroughTraining) {
  LearningConfig config;
  config.a_clip = "fixed";
  config.a_clip_ratio = 0.7;
  config.epochs = 1;
  config.check();
  const CalibratedBlock block = learn_block(model_.blocks[0], batches_, model_.config, kW4A4, config.settings(), 1);
  EXPECT_NEAR(ratio_of(block, SiteId::kMlpGateUp), 0.7, 1e-6);
}

TEST_F(Clipping, NothingIsLearnedWhereNothingIsQuantised) {
  const QuantSpec floats = {{16, true}, {16, true}, {16, true}, {16, true}};
  const ClippingPolicy policy = {{ClipKind::kLearned}, {ClipKind::kSearched}};
  const CalibratedBlock block = apply_clipping(round_block(model_.blocks[0], floats, policy.rounding()), policy, floats,
                                               batches_, model_.config, 1);
  EXPECT_LT(block_error(block), 1e-10);
}

TEST(ClippingConfig, ContradictionsAreRefusedByName) {
  const auto message = [](ClippingConfig config) {
    try {
      config.check();
    } catch (const UserError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  ClippingConfig config;
  config.a_clip_ratio = 0.9;
  EXPECT_THAT(message(config), testing::HasSubstr("acts only with 'method.a_clip: fixed'"));
  config.a_clip = "fixed";
  EXPECT_EQ(message(config), "");
  config.w_clip = "mse";
  EXPECT_THAT(message(config), testing::HasSubstr("'method.w_clip' must be none, fixed, searched or learned"));
  config.w_clip = "fixed";
  EXPECT_THAT(message(config), testing::HasSubstr("'method.w_clip_ratio' is 1"));
  config = {};
  config.gptq_act_order = true;
  EXPECT_THAT(message(config), testing::HasSubstr("'method.gptq_act_order' is set, but acts only with"));
  config.w_rounding = "gptq";
  EXPECT_EQ(message(config), "");
  config.gptq_damp = -1;
  EXPECT_THAT(message(config), testing::HasSubstr("'method.gptq_damp' must lie in [0, 1]"));
  config.w_rounding = "obq";
  EXPECT_THAT(message(config), testing::HasSubstr("'method.w_rounding' must be nearest or gptq"));
}

}  // namespace
}  // namespace freeact
