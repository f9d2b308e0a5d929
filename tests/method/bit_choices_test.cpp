// Every method with every choice of bits and groups.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "app/methods.h"
#include "calibration/tiny_decoder.h"

namespace freeact {
namespace {

struct Choice {
  const char* name;
  QuantSpec spec;
};
Grid bits(int count, int64_t group_size = 0) {
  return {count, true, group_size};
}
const std::vector<Choice>& choices() {
  static const std::vector<Choice> all = {
      {"w8a8", {bits(8), bits(8), bits(16), bits(16)}},
      {"w4a8", {bits(4), bits(8), bits(16), bits(16)}},
      {"w4a4kv4", {bits(4), bits(4), bits(4), bits(4)}},
      {"w4a4 in groups", {bits(4, 8), bits(4), bits(16), bits(16)}},
      {"w4a4kv4 with both sides in groups", {bits(4, 4), bits(4, 8), bits(4), bits(4)}},
      {"asymmetric w4a4 in groups", {{4, false, 8}, {4, false}, bits(16), bits(16)}},
      {"w3a3", {bits(3), bits(3), bits(16), bits(16)}},
  };
  return all;
}

// What calibrating the first block yields.
struct Calibrated {
  CalibratedBlock block;
  std::vector<BlockBatch> batches;
  DecoderConfig config;
};

Calibrated calibrate(const std::string& name, Json settings, const QuantSpec& spec, int64_t mlp_width = 40) {
  if (name == "flatquant" || name == "freeact" || name == "freeact_plus") settings.update({{"epochs", 1}});
  Decoder model = tiny_decoder(24, 4, 2, mlp_width);
  const auto table = method_table();
  const auto method = find_method(table, name).make(settings, {spec, 1});
  const auto data = tiny_batches(3);
  std::vector<BlockBatch> batches;
  {
    const at::NoGradGuard no_grad;
    method->prepare(model, data);
    batches = first_block_batches(model, data);
    for (BlockBatch& batch : batches)
      batch.outputs_BTD = model.blocks[0].forward(batch.inputs_BTD, batch.context, model.config);
  }
  return {method->calibrate(model.blocks[0], batches, model.config), batches, model.config};
}

at::Tensor output(const Calibrated& calibrated) {
  const at::NoGradGuard no_grad;
  const BlockBatch& batch = calibrated.batches[0];
  return calibrated.block.quantised().forward(batch.inputs_BTD, batch.context, calibrated.config);
}

double error(const Calibrated& calibrated) {
  const at::Tensor& wanted = calibrated.batches[0].outputs_BTD;
  return ((output(calibrated) - wanted).norm() / wanted.norm()).item<double>();
}

void expect_on_grid(const Calibrated& calibrated, const Grid& grid) {
  for (size_t i = 0; i < kNumSites; ++i)
    for (const QuantisedLinear& linear : calibrated.block.sites[i]->parts().linears) {
      EXPECT_EQ(linear.scale.scale.size(1), grid.num_groups(linear.codes.size(1))) << kSiteNames[i];
      EXPECT_TRUE(linear.scale.scale.isfinite().all().item<bool>()) << kSiteNames[i];
      EXPECT_GT(linear.scale.scale.min().item<double>(), 0) << kSiteNames[i];
      EXPECT_GE(linear.codes.min().item<double>(), grid.lowest()) << kSiteNames[i];
      EXPECT_LE(linear.codes.max().item<double>(), grid.highest()) << kSiteNames[i];
    }
}

class BitChoices : public testing::TestWithParam<std::string> {};

TEST_P(BitChoices, AreAllCalibratedOnTheirGrid) {
  for (const Choice& choice : choices())
    for (const char* rounding : {"nearest", "gptq"}) {
      SCOPED_TRACE(std::string(choice.name) + ", " + rounding);
      const Calibrated calibrated = calibrate(GetParam(), {{"w_rounding", rounding}}, choice.spec);
      expect_on_grid(calibrated, choice.spec.weight);
      EXPECT_EQ(calibrated.block.kv != nullptr, !choice.spec.key.is_float());
      EXPECT_LT(error(calibrated), 1);  // as that of zeros; NaN fails as well
      EXPECT_GT(error(calibrated), 1e-4);
    }
}

TEST_P(BitChoices, GroupsTakeEveryClipping) {
  const QuantSpec groups = {bits(4, 8), bits(4), bits(16), bits(16)};
  for (const char* clip : {"none", "fixed", "searched", "learned"}) {
    SCOPED_TRACE(clip);
    Json settings = {{"w_clip", clip}};
    if (settings["w_clip"] == "fixed") settings["w_clip_ratio"] = 0.9;
    const Calibrated calibrated = calibrate(GetParam(), settings, groups);
    expect_on_grid(calibrated, groups.weight);
    EXPECT_LT(error(calibrated), 0.5);
  }
}

// All sites of this model are 24 wide.
TEST_P(BitChoices, AGroupAsWideAsTheSiteIsNoGroupBitForBit) {
  for (const char* rounding : {"nearest", "gptq"}) {
    const Json settings = {{"w_rounding", rounding}};
    const QuantSpec rows = {bits(4), bits(4), bits(16), bits(16)},
                    groups = {bits(4, 24), bits(4, 24), bits(16), bits(16)};
    EXPECT_TRUE(at::equal(output(calibrate(GetParam(), settings, rows, 24)),
                          output(calibrate(GetParam(), settings, groups, 24))))
        << rounding;
  }
}

TEST_P(BitChoices, SmallerGroupsOfWeightsHaveASmallerError) {
  const auto with_groups = [&](int64_t size) {
    return error(calibrate(GetParam(), Json::object(), {bits(3, size), bits(16), bits(16), bits(16)}));
  };
  EXPECT_LT(with_groups(4), 0.9 * with_groups(0));
}

INSTANTIATE_TEST_SUITE_P(Table, BitChoices,
                         testing::Values("rtn", "smoothquant", "quarot", "wush", "flatquant", "freeact",
                                         "freeact_plus"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace freeact
