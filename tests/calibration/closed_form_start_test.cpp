#include "calibration/closed_form_start.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "calibration/closed_form.h"
#include "calibration/learning_config.h"
#include "calibration/site_maxima.h"
#include "calibration/tiny_decoder.h"
#include "message_of.h"

namespace freeact {
namespace {

constexpr QuantSpec kW4A4 = {{4, true}, {4, true}, {16, true}, {16, true}};

class ClosedFormStart : public testing::TestWithParam<Parametrisation> {
 protected:
  ClosedFormStart() : model_(tiny_decoder()), batches_(first_block_batches(model_, tiny_batches(8))) {}

  LearnedBlock started(bool scale) const {
    LearnedSettings settings;
    settings.parametrisation = GetParam();
    settings.per_channel_scale = scale;
    const Block& block = model_.blocks[0];
    const LearnedBlock learned =
        make_learned_block(block, model_.config, kW4A4, settings, collect_maxima(block, batches_, model_.config), 1);
    start_at_closed_form(learned, block, batches_, model_.config, 1);
    return learned;
  }
  // What the transform of a site makes of the moments of both sides along the axes of its grid, each of trace 1.
  std::pair<GridMoments, GridMoments> transformed_moments(const LearnedBlock& learned, SiteId id) const {
    const at::NoGradGuard no_grad;
    const LearnableSite& site = learned.site(id);
    const auto right = site.upstream ? site.upstream : site.transform.right;
    const at::Tensor left_m = site.transform.left->matrix(), right_m = right->matrix();
    const int64_t rows = left_m.size(0);
    const auto scaled = [&](const at::Tensor& x) {
      return site.transform.scale.defined() ? x * site.transform.scale : x;
    };
    std::map<int64_t, GridMoments> by_type;
    visit_site_inputs(model_.blocks[0], batches_, model_.config,
                      [&](size_t i, const at::Tensor& x, const at::Tensor& types) {
                        for (const int64_t type : {0, 1})
                          if (i == static_cast<size_t>(id))
                            by_type[type].add(GridMoments::of(scaled(x).index({types == type}), rows));
                      });
    GridMoments inputs;
    for (const auto& [type, own] : by_type)
      inputs.add({own.left_LL / own.left_LL.trace(), own.right_RR / own.right_RR.trace()});
    at::Tensor w = stacked_weights(model_.blocks[0].at(id));
    if (site.transform.scale.defined()) w = w / site.transform.scale;
    const GridMoments weights = GridMoments::of(w, rows);
    const auto congruent = [](const at::Tensor& m, const at::Tensor& t) {
      const at::Tensor d = t.to(at::kDouble), r = at::matmul(d.t(), at::matmul(m, d));
      return r / r.trace();
    };
    const at::Tensor left_i = site.transform.left->inverse_transpose(), right_i = right->inverse_transpose();
    return {{congruent(inputs.left_LL, left_m), congruent(inputs.right_RR, right_m)},
            {congruent(weights.left_LL, left_i), congruent(weights.right_RR, right_i)}};
  }

  Decoder model_;
  std::vector<BlockBatch> batches_;
};

double relative_difference(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

// WUSH's defining property, along each axis of every site's grid, where every token type has the same energy; damping
// (0.01) leaves a difference.
TEST_P(ClosedFormStart, BothSidesHaveOneSpectrum) {
  for (const bool scale : {false, true}) {
    const LearnedBlock learned = started(scale);
    for (size_t i = 0; i < kNumSites; ++i) {
      const auto [inputs, weights] = transformed_moments(learned, static_cast<SiteId>(i));
      EXPECT_LT(relative_difference(inputs.left_LL, weights.left_LL), 0.1) << kSiteNames[i];
      EXPECT_LT(relative_difference(inputs.right_RR, weights.right_RR), 0.1) << kSiteNames[i];
    }
  }
}

TEST_P(ClosedFormStart, TheBlockStillComputesItsFunction) {
  const at::NoGradGuard no_grad;
  LearnedBlock learned = started(true);
  for (const auto& site : learned.sites) site->weight_grid = site->activation_grid = {16, true};
  const auto& batch = batches_[0];
  const at::Tensor y = learned.block.forward(batch.inputs_BTD, batch.context, model_.config),
                   wanted = model_.blocks[0].forward(batch.inputs_BTD, batch.context, model_.config);
  EXPECT_LT(relative_difference(y, wanted), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Forms, ClosedFormStart, testing::Values(Parametrisation::kSvd, Parametrisation::kInverse));

// Skewed, with a negative determinant: both have to be reached.
at::Tensor skewed(int64_t size) {
  at::manual_seed(size);
  at::Tensor m = at::randn({size, size}, at::kDouble) + 2 * at::eye(size, at::kDouble);
  return at::det(m).item<double>() > 0 ? at::cat({-m.slice(0, 0, 1), m.slice(0, 1)}) : m;
}

TEST(StartAtInvertible, SvdAndInverseFormsStartExactlyThere) {
  for (const int64_t size : {1, 2, 5, 12, 32})
    for (const auto kind : {Parametrisation::kSvd, Parametrisation::kInverse}) {
      LearnableMatrix matrix(kind, size, 1);
      matrix.start_at_invertible(skewed(size), 2);
      EXPECT_LT(relative_difference(matrix.matrix().to(at::kDouble), skewed(size)), 1e-4) << size;
      EXPECT_LT(matrix.health().inverse_deviation, 1e-3) << size;
    }
}

TEST(StartAtInvertible, TheOrthogonalFormTakesThePolarFactor) {
  LearnableMatrix matrix(Parametrisation::kOrthogonal, 8, 1);
  matrix.start_at_invertible(skewed(8), 2);
  const auto [left, singular, right_t] = at::linalg_svd(skewed(8));
  const at::Tensor product = at::matmul(at::matmul(left, right_t).t(), matrix.matrix().to(at::kDouble));
  EXPECT_TRUE(at::allclose(product.abs(), at::eye(8, at::kDouble), 0, 1e-5));  // signs of columns are free
}

TEST(MatrixHealth, IsInfiniteForASingularMatrixAndOneForARotation) {
  EXPECT_NEAR(LearnableMatrix(Parametrisation::kSvd, 8, 1).health().condition, 1, 1e-4);
  LearnableMatrix singular(Parametrisation::kInverse, at::zeros({3, 3}));
  EXPECT_TRUE(std::isinf(singular.health().condition));
  LearnableMatrix not_finite(Parametrisation::kInverse, at::full({3, 3}, std::nan("")));
  EXPECT_TRUE(std::isinf(not_finite.health().inverse_deviation));
}

TEST(StartSetting, UnknownOnesAreRefused) {
  LearningConfig config;
  config.start = "wish";
  EXPECT_THAT(message_of<UserError>([&] { config.check(); }),
              testing::HasSubstr("'method.start' must be random or wush"));
}

}  // namespace
}  // namespace freeact
