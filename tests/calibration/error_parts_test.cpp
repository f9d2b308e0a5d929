#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "calibration/float_site.h"
#include "calibration/saved_block.h"
#include "calibration/tiny_decoder.h"
#include "checkpoint/temporary_folder.h"

namespace freeact {
namespace {

const QuantSpec kW4A4 = {{4, true}, {4, true}, {16}, {16}};

// Rotations at every site, and slices at the last one where asked for.
CalibratedBlock rounded(const Block& block, const QuantSpec& spec, bool slices) {
  RoundingSettings settings;
  settings.transforms[static_cast<size_t>(SiteId::kMlpDown)] = {
      std::make_shared<ScaleTransform>(at::linspace(0.5, 2, block.at(SiteId::kMlpDown)[0].weight.size(1)))};
  if (slices)
    settings.transforms[static_cast<size_t>(SiteId::kMlpDown)].push_back(
        std::make_shared<SliceTransform>(slice_mask(block.at(SiteId::kMlpDown)[0].weight.size(1), {4, 4})));
  return round_block(block, spec, settings);
}

std::vector<SiteError> errors_of(const QuantSpec& spec, bool slices) {
  const Decoder model = tiny_decoder();
  return measure_site_errors(rounded(model.blocks[0], spec, slices), first_block_batches(model, tiny_batches(2)),
                             model.config);
}

TEST(ErrorParts, OnlySitesThatDropSomethingTruncate) {
  for (const auto& e : errors_of(kW4A4, true)) {
    if (e.site == SiteId::kMlpDown)
      EXPECT_GT(e.truncation, 0.01);  // 4 of 40 dimensions
    else
      EXPECT_EQ(e.truncation, 0);
    EXPECT_GT(e.activation_only, e.truncation);
    EXPECT_GT(e.relative_error, 0);
  }
}

TEST(ErrorParts, WithoutRoundingTheWholeErrorIsTruncation) {
  for (const auto& e : errors_of({{16}, {16}, {16}, {16}}, true)) {
    EXPECT_NEAR(e.relative_error, e.truncation, 1e-9);
    EXPECT_EQ(e.activation_only, e.truncation);
  }
}

TEST(ErrorParts, ActivationsAloneAreTheWholeErrorWhereWeightsAreNotRounded) {
  for (const auto& e : errors_of({{16}, {4}, {16}, {16}}, false))
    EXPECT_NEAR(e.activation_only / e.relative_error, 1, 1e-6);
}

// Theorem 2's condition: a one-to-one transform is exact up to float32 once rounding is off.
TEST(ErrorParts, AOneToOneSiteIsExactWithoutRounding) {
  const Decoder model = tiny_decoder();
  const CalibratedBlock block = rounded(model.blocks[0], kW4A4, false);
  const auto site = static_cast<size_t>(SiteId::kMlpDown);
  const at::Tensor x = at::randn({2, 3, model.config.mlp_width}), types = at::zeros({2, 3}, at::kLong);
  const at::Tensor y = model.blocks[0].linears[site][0](x);
  const auto& linears = block.equivalent.linears[site];
  const auto error = [&](const QuantisedSite& s) {
    return ((s.forward(x, types)[0] - y).square().sum() / y.square().sum()).item<double>();
  };
  EXPECT_LT(error(*with_float_weights(*block.sites[site], linears, KeptRounding::kNone)), 1e-12);
  EXPECT_GT(error(*with_float_weights(*block.sites[site], linears, KeptRounding::kActivation)), 1e-4);
  EXPECT_FALSE(drops_input(*block.sites[site]));
}

class SavedErrorParts : public TemporaryFolder {};

TEST_F(SavedErrorParts, AreTheSame) {
  const Decoder model = tiny_decoder();
  const CalibratedBlock block = rounded(model.blocks[0], kW4A4, true);
  const auto errors = errors_of(kW4A4, true);
  save_block(folder_, 0, {block.quantised(), errors, {}});
  SavedBlock loaded;
  ASSERT_TRUE(load_block(folder_, 0, loaded));
  ASSERT_EQ(loaded.errors.size(), errors.size());
  for (size_t i = 0; i < errors.size(); ++i) {
    EXPECT_EQ(loaded.errors[i].truncation, errors[i].truncation);
    EXPECT_EQ(loaded.errors[i].activation_only, errors[i].activation_only);
  }
}

}  // namespace
}  // namespace freeact
