#include "quant/learnable.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

namespace freeact {
namespace {

class HeldMatrix : public testing::TestWithParam<Parametrisation> {};

std::vector<at::Tensor> gradients_of_a_step(LearnableMatrix& matrix) {
  const at::Tensor m = matrix.matrix(), i = matrix.inverse_transpose(), again = matrix.matrix();
  (m.pow(3).sum() + 2 * i.square().sum() + again.select(0, 0).sum()).backward();
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : matrix.parameters()) {
    gradients.push_back(parameter.grad().clone());
    parameter.mutable_grad().reset();
  }
  return gradients;
}

// Solving once must not lose the share that any use has in the gradient.
TEST_P(HeldMatrix, HasTheSameValuesAndGradients) {
  LearnableMatrix matrix(GetParam(), 6, 3);
  const at::Tensor value = matrix.matrix().detach(), inverse = matrix.inverse_transpose().detach();
  const auto expected = gradients_of_a_step(matrix);
  matrix.hold();
  EXPECT_TRUE(at::equal(matrix.matrix(), value));
  EXPECT_TRUE(at::equal(matrix.inverse_transpose(), inverse));
  const auto held = gradients_of_a_step(matrix);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(at::allclose(held[i], expected[i], 1e-4, 1e-6)) << i;
}

// A step after the optimiser's must see the new parameters.
TEST_P(HeldMatrix, FollowsItsParametersOnceReleased) {
  LearnableMatrix matrix(GetParam(), 6, 3);
  matrix.hold();
  const at::Tensor before = matrix.matrix().detach().clone();
  matrix.release();
  const at::NoGradGuard no_grad;
  matrix.parameters().front().add_(at::tril(at::ones({6, 6}), -1));
  EXPECT_FALSE(at::allclose(matrix.matrix(), before));
}

INSTANTIATE_TEST_SUITE_P(Parametrisations, HeldMatrix,
                         testing::Values(Parametrisation::kSvd, Parametrisation::kOrthogonal,
                                         Parametrisation::kInverse));

}  // namespace
}  // namespace freeact
