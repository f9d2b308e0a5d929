// The number format of a site's products in training.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "calibration/learned_block.h"
#include "calibration/learning_config.h"

namespace freeact {
namespace {

std::shared_ptr<LearnableSite> site_of(Precision precision) {
  at::manual_seed(3);
  auto site = std::make_shared<LearnableSite>();
  site->transform = LearnableKronecker::random(Parametrisation::kSvd, 32, 5);
  site->weight_grid = site->activation_grid = {4, true};
  site->precision = precision;
  LearnableSite::Part part{{at::randn({24, 32}), at::randn({24})}, {}, {}, nullptr};
  part.weight_clip = LearnedClip::of_rule({ClipKind::kLearned}, {24, 1});
  part.activation_clip = LearnedClip::of_rule({ClipKind::kLearned}, {1});
  site->parts.push_back(part);
  return site;
}

TEST(Precision, Bfloat16RoundsTheProductsAndNothingElse) {
  const auto exact = site_of(Precision::kFloat32), rounded = site_of(Precision::kBfloat16);
  const at::Tensor x = at::randn({2, 7, 32}), types = at::zeros({2, 7}, at::kLong);
  const at::Tensor wanted = exact->forward(x, types)[0], got = rounded->forward(x, types)[0];
  EXPECT_EQ(got.scalar_type(), at::kFloat);
  EXPECT_FALSE(at::equal(got, wanted));
  EXPECT_LT((got - wanted).norm().item<double>(), 0.01 * wanted.norm().item<double>());  // 8 bits of mantissa
  EXPECT_TRUE(at::equal(rounded->quantised_weight(0), exact->quantised_weight(0)));
}

TEST(Precision, Bfloat16TrainsTheSameParametersInFloat32) {
  const at::Tensor x = at::randn({2, 7, 32}), types = at::zeros({2, 7}, at::kLong);
  std::vector<at::Tensor> gradients;
  for (const Precision precision : {Precision::kFloat32, Precision::kBfloat16}) {
    const auto site = site_of(precision);
    site->forward(x, types)[0].square().sum().backward();
    gradients.push_back(site->parts[0].weight_clip.max.grad());
  }
  EXPECT_EQ(gradients[1].scalar_type(), at::kFloat);
  EXPECT_LT((gradients[1] - gradients[0]).norm().item<double>(), 0.1 * gradients[0].norm().item<double>());
}

TEST(Precision, UnknownNameIsRefused) {
  LearningConfig config;
  config.precision = "float16";
  EXPECT_THROW(config.check(), UserError);
}

}  // namespace
}  // namespace freeact
