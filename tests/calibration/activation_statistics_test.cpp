#include "calibration/activation_statistics.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "calibration/tiny_decoder.h"

namespace freeact {
namespace {

// Rows of an orthogonal matrix times the square roots of energies: their second moment has exactly these eigenvalues.
at::Tensor rows_with_energies(const std::vector<double>& energies, int64_t tokens) {
  at::manual_seed(3);
  const at::Tensor basis = std::get<0>(at::linalg_qr(at::randn({tokens, std::ssize(energies)}, at::kDouble)));
  const at::Tensor rotation =
      std::get<0>(at::linalg_qr(at::randn({std::ssize(energies), std::ssize(energies)}, at::kDouble)));
  return at::mm(basis * at::tensor(energies, at::kDouble).sqrt(), rotation).to(at::kFloat);
}

TEST(ActivationShape, RankOfEqualEnergiesIsTheirNumber) {
  const ActivationShape shape = measure_shape(rows_with_energies({1, 1, 1, 1, 0, 0, 0, 0}, 32));
  EXPECT_NEAR(shape.effective_rank, 4, 1e-3);
  EXPECT_EQ(shape.dims_99, 4);
  EXPECT_EQ(shape.width, 8);
  EXPECT_EQ(shape.tokens, 32);
}

TEST(ActivationShape, RankIsTheExponentialOfTheEntropy) {
  const double entropy = -(0.5 * std::log(0.5) + 0.3 * std::log(0.3) + 0.2 * std::log(0.2));
  EXPECT_NEAR(measure_shape(rows_with_energies({5, 3, 2, 0}, 64)).effective_rank, std::exp(entropy), 1e-4);
}

TEST(ActivationShape, FewTokensGiveTheSameSpectrumAsMany) {
  const at::Tensor few = rows_with_energies({6, 3, 0.95, 0.05, 0, 0, 0, 0, 0, 0}, 10).slice(0, 0, 7);
  const ActivationShape from_tokens = measure_shape(few);
  const ActivationShape from_channels = measure_shape(at::cat({few, at::zeros({9, 10})}));
  EXPECT_NEAR(from_tokens.effective_rank, from_channels.effective_rank, 1e-4);
  EXPECT_EQ(from_tokens.dims_99, from_channels.dims_99);
}

TEST(ActivationShape, MoreTokensThanTheSpectrumTakesAreSampledEvenly) {
  // Halves with directions of their own: only a sample from both has rank 2.
  const at::Tensor first = at::tensor({1.0F, 0.0F}).expand({3000, 2}),
                   second = at::tensor({0.0F, 1.0F}).expand({3000, 2});
  EXPECT_NEAR(measure_shape(at::cat({first, second})).effective_rank, 2, 1e-3);
}

TEST(ActivationShape, MeanShareIsOneForAConstantAndZeroForOpposites) {
  EXPECT_NEAR(measure_shape(at::tensor({1.0F, 2.0F}).expand({5, 2})).mean_share, 1, 1e-6);
  EXPECT_NEAR(measure_shape(at::tensor({1.0F, 2.0F, -1.0F, -2.0F}).reshape({2, 2})).mean_share, 0, 1e-6);
}

TEST(ActivationShape, OutliersOfAHandMadeMatrix) {
  const at::Tensor x = at::tensor({1.0F, -2.0F, 2.0F, -1.0F, 8.0F, 0.0F, 0.0F, 0.0F, 0.0F}).reshape({3, 3});
  const ActivationShape shape = measure_shape(x);
  EXPECT_DOUBLE_EQ(shape.absmax, 8);
  EXPECT_DOUBLE_EQ(shape.channel_ratio, 4);  // channel maxima 1, 8, 2
  EXPECT_NEAR(shape.crest, 8 / std::sqrt(65.0 / 3), 1e-6);
}

TEST(ActivationShape, KurtosisOfTwoValuesIsOneWhateverTheirMean) {
  EXPECT_NEAR(measure_shape(at::tensor({9.0F, 11.0F, 11.0F, 9.0F}).reshape({2, 2})).kurtosis, 1, 1e-9);
}

TEST(MeasureActivations, HasEverySiteLayerAndTypeAndCountsTokensOfEach) {
  const Decoder model = tiny_decoder();
  const auto batches = tiny_batches(3);
  int64_t masks = 0;
  for (const auto& batch : batches) masks += (batch.ids_BT == model.config.mask_id).sum().item<int64_t>();
  const auto shapes = measure_activations(model, batches);
  ASSERT_EQ(shapes.size(), 2U * kNumSites * 2U);
  for (const auto& s : shapes) {
    EXPECT_EQ(s.shape.tokens, s.token_type == 1 ? masks : 36 - masks);
    EXPECT_EQ(s.shape.width, s.site == SiteId::kMlpDown ? 40 : 24);
  }
}

// The second block must see what the first one gives.
TEST(MeasureActivations, AgreesWithAForwardPassOfTheWholeModel) {
  const Decoder model = tiny_decoder();
  const auto batches = tiny_batches(1);
  at::Tensor seen;
  const Observer observer = [&](const std::string& point, const at::Tensor& value) {
    if (point == "block1.mlp.down.input") seen = value;
  };
  ForwardContext context = model.context(batches[0]);
  context.observer = &observer;
  model.hidden(batches[0], context);
  const ActivationShape wanted = measure_shape(seen.index({batches[0].ids_BT == model.config.mask_id}));
  for (const auto& s : measure_activations(model, batches))
    if (s.layer == 1 && s.site == SiteId::kMlpDown && s.token_type == 1) {
      EXPECT_NEAR(s.shape.absmax / wanted.absmax, 1, 1e-5);  // sums of float32
      EXPECT_NEAR(s.shape.effective_rank / wanted.effective_rank, 1, 1e-5);
    }
}

TEST(MeasureActivations, NoBatchesGiveNoRows) {
  EXPECT_TRUE(measure_activations(tiny_decoder(), {}).empty());
}

}  // namespace
}  // namespace freeact
