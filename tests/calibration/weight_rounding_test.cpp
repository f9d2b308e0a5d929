#include "calibration/weight_rounding.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "calibration/clipping.h"
#include "calibration/tiny_decoder.h"
#include "message_of.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr QuantSpec kW3 = {{3, true}, {16, true}, {16, true}, {16, true}};
constexpr QuantSpec kW4A4 = {{4, true}, {4, true}, {16, true}, {16, true}};

class Rounding : public testing::Test {
 protected:
  Rounding() : model_(tiny_decoder()), batches_(first_block_batches(model_, tiny_batches(8))) {}

  CalibratedBlock rounded(const WeightRounding& rounding, const QuantSpec& spec) const {
    return round_weights(round_block(model_.blocks[0], spec, {}), rounding, spec, batches_, model_.config);
  }
  std::vector<double> errors(const CalibratedBlock& block) const {
    std::vector<double> by_site(kNumSites, 0.0);
    for (const auto& error : measure_site_errors(block, batches_, model_.config))
      by_site[static_cast<size_t>(error.site)] += error.relative_error;
    return by_site;
  }
  at::Tensor codes(const CalibratedBlock& block, SiteId id) const {
    return block.sites[static_cast<size_t>(id)]->parts().linears[0].codes;
  }

  Decoder model_;
  std::vector<BlockBatch> batches_;
};

TEST_F(Rounding, GptqLowersTheErrorOfEverySite) {
  const auto nearest = errors(rounded({}, kW3)), gptq = errors(rounded({RoundingKind::kGptq}, kW3));
  for (size_t i = 0; i < kNumSites; ++i) EXPECT_LT(gptq[i], 0.8 * nearest[i]) << kSiteNames[i];
}

TEST_F(Rounding, GptqKeepsScalesAndChangesCodes) {
  const CalibratedBlock nearest = rounded({}, kW4A4), gptq = rounded({RoundingKind::kGptq}, kW4A4);
  for (const SiteId id : {SiteId::kAttentionQkv, SiteId::kMlpDown}) {
    const auto& before = nearest.sites[static_cast<size_t>(id)]->parts().linears[0];
    const auto& after = gptq.sites[static_cast<size_t>(id)]->parts().linears[0];
    EXPECT_TRUE(at::equal(before.scale.scale, after.scale.scale));
    EXPECT_FALSE(at::equal(before.codes, after.codes));
    EXPECT_EQ(after.codes.scalar_type(), before.codes.scalar_type());
  }
}

TEST_F(Rounding, GptqLowersTheErrorOfGroupsToo) {
  constexpr QuantSpec kGroups = {{3, true, 8}, {16, true}, {16, true}, {16, true}};
  const auto nearest = errors(rounded({}, kGroups)), gptq = errors(rounded({RoundingKind::kGptq}, kGroups));
  const auto without = errors(rounded({RoundingKind::kGptq}, kW3));
  for (size_t i = 0; i < kNumSites; ++i) {
    EXPECT_LT(gptq[i], 0.9 * nearest[i]) << kSiteNames[i];
    EXPECT_LT(gptq[i], without[i]) << kSiteNames[i];
  }
}

TEST_F(Rounding, GroupsThatDoNotDivideASiteAreRefusedByName) {
  const QuantSpec groups = {{4, true, 12}, {4, true}, {16, true}, {16, true}};
  EXPECT_THAT(message_of<UserError>([&] { check_groups(groups, model_.config); }),
              testing::AllOf(testing::HasSubstr("'quant.w_group_size' is 12"), testing::HasSubstr("mlp.down"),
                             testing::HasSubstr("40 wide")));
  check_groups({{4, true, 8}, {4, true, 4}, {16, true}, {16, true}}, model_.config);
}

// What counts is what the linear reads, not what the site is given: inputs that 2 bits round to almost nothing lead to
// another weight.
TEST_F(Rounding, GptqSeesTheQuantisedActivation) {
  const QuantSpec coarse = {{4, true}, {2, true}, {16, true}, {16, true}};
  const WeightRounding gptq = {RoundingKind::kGptq};
  EXPECT_FALSE(
      at::equal(codes(rounded(gptq, coarse), SiteId::kMlpDown), codes(rounded(gptq, kW4A4), SiteId::kMlpDown)));
}

TEST_F(Rounding, LinearsWithClipsOfTheirOwnReadDifferentInputs) {
  const CalibratedBlock plain = round_block(model_.blocks[0], kW4A4, {});
  CalibratedBlock clipped = plain;
  QuantisedSite::Parts parts = plain.sites[0]->parts();
  parts.linears[1].activation_clip = Clip::ratio(0.3);
  clipped.sites[0] = std::make_shared<QuantisedSite>(parts);
  const auto of_part = [&](const CalibratedBlock& block, size_t part) {
    return round_weights(block, {RoundingKind::kGptq}, kW4A4, batches_, model_.config)
        .sites[0]
        ->parts()
        .linears[part]
        .codes;
  };
  EXPECT_FALSE(at::equal(of_part(clipped, 1), of_part(plain, 1)));
  for (const size_t untouched : {0, 2}) EXPECT_TRUE(at::equal(of_part(clipped, untouched), of_part(plain, untouched)));
}

TEST_F(Rounding, SixteenBitWeightsAreLeftAlone) {
  const QuantSpec floats = {{16, true}, {4, true}, {16, true}, {16, true}};
  const CalibratedBlock block = rounded({RoundingKind::kGptq}, floats);
  EXPECT_TRUE(at::equal(codes(block, SiteId::kMlpDown), model_.blocks[0].at(SiteId::kMlpDown)[0].weight));
}

TEST_F(Rounding, WhatCannotBeRoundedSoIsRefusedWithItsPlace) {
  const WeightRounding undamped = {RoundingKind::kGptq, {.damping = 0}};
  batches_ = {batches_[0]};  // 12 tokens of 24 inputs
  EXPECT_THAT(message_of<UserError>([&] { rounded(undamped, kW4A4); }),
              testing::AllOf(testing::HasSubstr("block 0, attention.qkv: "),
                             testing::HasSubstr("not positive definite"), testing::HasSubstr("'method.gptq_damp'")));
  batches_.clear();
  EXPECT_THAT(message_of<UserError>([&] { rounded({RoundingKind::kGptq}, kW4A4); }),
              testing::HasSubstr("calibration set is empty"));
}

}  // namespace
}  // namespace freeact
