#include "calibration/surfaces.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "calibration/calibrated_block.h"
#include "calibration/tiny_decoder.h"

namespace freeact {
namespace {

TEST(Surfaces, PoolsTheLargestMagnitudesOfNeighbours) {
  const at::Tensor x = at::tensor({1.0F, -2.0F, 3.0F, 0.0F, 0.0F,  //
                                   0.0F, 0.0F, -9.0F, 4.0F, 1.0F,  //
                                   5.0F, 0.0F, 0.0F, 0.0F, -6.0F})
                           .reshape({3, 5});
  const at::Tensor wanted = at::tensor({2.0F, 9.0F, 1.0F, 5.0F, 0.0F, 6.0F}).reshape({2, 3});
  EXPECT_TRUE(at::equal(pool_surface(x, 3).slice(0, 0, 3),
                        at::tensor({2.0F, 3.0F, 0.0F, 0.0F, 9.0F, 1.0F, 5.0F, 0.0F, 6.0F}).reshape({3, 3})));
  EXPECT_TRUE(at::equal(pool_surface(at::cat({x, x.slice(0, 2, 3)}), 3), wanted))
      << "four tokens in bins of two, the last channel in a bin of its own";
}

TEST(Surfaces, KeepsSmallMatricesAndSurvivesWhatIsNotFinite) {
  const at::Tensor x = at::tensor({1.0F, std::numeric_limits<float>::infinity(), std::nanf(""), -4.0F}).reshape({2, 2});
  EXPECT_TRUE(at::equal(pool_surface(x, 64), at::tensor({1.0F, 0.0F, 0.0F, 4.0F}).reshape({2, 2})));
}

TEST(Surfaces, CodesGiveTheValuesBack) {
  const at::Tensor values = at::tensor({0.0F, 8.0F, 2.0F, 0.5F}).reshape({2, 2});
  const std::string codes = surface_codes(values, 8);
  ASSERT_EQ(codes.size(), 4U);
  for (int64_t i = 0; i < 4; ++i) {
    const double root = static_cast<unsigned char>(codes[static_cast<size_t>(i)]) / 255.0;
    EXPECT_NEAR(8 * root * root, values.flatten()[i].item<double>(), 0.03);
  }
  EXPECT_EQ(surface_codes(at::zeros({1, 2}), 0), std::string(2, '\0'));
}

// Behind the transform: what a slice zeroes for a type is not there for it.
TEST(Surfaces, OfAQuantisedModelAreWhatItsQuantiserSees) {
  Decoder model = tiny_decoder();
  const TokenBatch batch = tiny_batches(1)[0];
  const SurfaceChoice choice{.layers = {0}, .sites = {SiteId::kMlpDown}, .bins = 64};
  const auto before = measure_surfaces(model, batch, choice);
  RoundingSettings settings;
  settings.transforms[static_cast<size_t>(SiteId::kMlpDown)] = {
      std::make_shared<SliceTransform>(slice_mask(model.config.mlp_width, {3, 5}))};
  model.blocks[0] = round_block(model.blocks[0], {{16}, {16}, {16}, {16}}, settings).quantised();
  const auto after = measure_surfaces(model, batch, choice);
  ASSERT_EQ(before.size(), 2U);
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[0].pooled_IJ.slice(1, model.config.mlp_width - 5).max().item<float>(), 0);
  EXPECT_GT(before[0].pooled_IJ.slice(1, model.config.mlp_width - 5).max().item<float>(), 0);
  EXPECT_GT(after[1].pooled_IJ.slice(1, model.config.mlp_width - 5).max().item<float>(), 0);
}

}  // namespace
}  // namespace freeact
