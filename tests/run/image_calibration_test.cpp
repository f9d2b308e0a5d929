// Calibration with images, and towers that are quantised.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "../eval/tiny_vision.h"
#include "generation/text.h"
#include "run/calibration_data.h"
#include "run/quantised_vision.h"
#include "util/error.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;
using testing::ThrowsMessage;

class ImageCalibration : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / "freeact_image_calibration" /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    write_tiny_vision(folder_ / "model");
    write_circles(folder_ / "circles");
    model_ = std::make_shared<LoadedModel>(load_model(folder_ / "model", "", at::kFloat));
    config_.dataset = "circles";
    config_.num_samples = 9;
  }
  CalibrationSequences draw(uint64_t seed, const LoadedModel& model) const {
    const Prompter prompter(model, folder_ / "model", image_limits(config_));
    return draw_calibration(config_, folder_, model.decoder, model.tokenizer, seed, &prompter);
  }
  std::string text_of(const TokenBatch& sequence) const { return model_->tokenizer.decode(ids_of(sequence.ids_BT)); }

  fs::path folder_;
  std::shared_ptr<const LoadedModel> model_;
  CalibrationConfig config_;
};

TEST_F(ImageCalibration, ItemsAreWholeConversations) {
  const auto drawn = draw(1, *model_);
  EXPECT_EQ(drawn.calibration.size(), 9u);
  EXPECT_EQ(drawn.held_out.size(), 9u);
  for (const auto& sequence : drawn.calibration) {
    EXPECT_EQ(sequence.features_ND.size(0), 4);
    EXPECT_THAT(text_of(sequence), testing::ContainsRegex("</img>\nWhich colour\\?<.im_end.>\n<.im_start.>assistant\n"
                                                          "(red|green|blue)<.im_end.>$"));
  }
}

TEST_F(ImageCalibration, BatchesHoldBothTypesOfTokens) {
  const auto batches = make_batches(draw(1, *model_).calibration, 4);
  EXPECT_LT(batches.size(), 6u) << "equal lengths stand together: at most 3 lengths, 9 sequences";
  for (const auto& batch : batches) {
    const at::Tensor types = model_->decoder.types(batch.ids_BT);
    EXPECT_EQ((types == 1).sum().item<int64_t>(), 4 * batch.ids_BT.size(0));
    EXPECT_GT((types == 0).sum().item<int64_t>(), 0);
    EXPECT_EQ(model_->decoder.logits(batch).size(0), batch.ids_BT.size(0));
  }
}

TEST_F(ImageCalibration, TheSeedDrawsTheItems) {
  const auto features = [&](uint64_t seed) {
    std::vector<at::Tensor> all;
    for (const auto& sequence : draw(seed, *model_).calibration) all.push_back(sequence.features_ND);
    return at::cat(all);
  };
  EXPECT_TRUE(at::equal(features(1), features(1)));
  EXPECT_FALSE(at::equal(features(1), features(2)));
}

TEST_F(ImageCalibration, WhatDoesNotFitIsRefused) {
  config_.num_samples = 25;
  EXPECT_THAT([&] { draw(1, *model_); }, ThrowsMessage<UserError>(HasSubstr("has only 24 items")));
  EXPECT_THAT([&] { check_calibration_fits(config_, folder_, model_->decoder.config, false); },
              ThrowsMessage<UserError>(HasSubstr("calibration.jsonl:1: the item has an image")));
  config_.images = {{"max_tile", 3}};
  EXPECT_THAT([&] { draw(1, *model_); }, ThrowsMessage<UserError>(HasSubstr("calibration.images.max_tiles")));
  config_.images = {{"max_pixels", 3}};
  EXPECT_THAT([&] { draw(1, *model_); }, ThrowsMessage<UserError>(HasSubstr("InternVL has no such limit")));
}

TEST_F(ImageCalibration, AQuantisedTowerIsAnotherOneAndTheModelsOwnStays) {
  QuantConfig quant;
  EXPECT_EQ(with_quantised_vision(model_, quant), model_) << "16 bits by default";
  const at::Tensor before = draw(1, *model_).calibration[0].features_ND;
  const auto features_at = [&](int w_bits, int a_bits) {
    quant.vision_w_bits = w_bits;
    quant.vision_a_bits = a_bits;
    return draw(1, *with_quantised_vision(model_, quant)).calibration[0].features_ND;
  };
  const auto error = [&](int w_bits, int a_bits) {
    return ((features_at(w_bits, a_bits) - before).norm() / before.norm()).item<double>();
  };
  const double w8a8 = error(8, 8), w4a16 = error(4, 16), w16a4 = error(16, 4), w4a4 = error(4, 4);
  EXPECT_GT(w8a8, 1e-5);
  EXPECT_LT(w8a8, 0.1);
  EXPECT_GT(w4a16, w8a8);
  EXPECT_GT(w16a4, w8a8);
  EXPECT_GT(w4a4, w8a8);
  EXPECT_TRUE(at::equal(draw(1, *model_).calibration[0].features_ND, before));
}

TEST_F(ImageCalibration, AModelOfTextHasNoTowerToQuantise) {
  QuantConfig quant;
  quant.vision_w_bits = 8;
  auto text = std::make_shared<LoadedModel>(*model_);
  text->vision = nullptr;
  EXPECT_THAT([&] { with_quantised_vision(text, quant); }, ThrowsMessage<UserError>(HasSubstr("quant.vision_w_bits")));
}

}  // namespace
}  // namespace freeact
