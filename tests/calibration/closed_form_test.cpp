#include "calibration/closed_form.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "ops/hadamard.h"
#include "ops/ops.h"

namespace freeact {
namespace {

// Inputs and weights whose energy lies in different directions.
at::Tensor moment(uint64_t seed) {
  const at::Tensor spectrum = at::pow(10, at::linspace(1, -1, 12, at::kDouble));
  const at::Tensor u = orthogonal_from_gaussian(gaussian({12, 12}, seed));
  return at::matmul(u * spectrum, u.t());
}

// A to B^T is exact, and both sides end in the same moment.
TEST(ClosedForm, TheTransformIsExactAndBalancesBothSides) {
  const at::Tensor c = moment(1), g = moment(2), rotation = orthogonal_from_gaussian(gaussian({12, 12}, 3));
  const BalancedPair pair = balance(c, g, 1e-9, rotation);
  EXPECT_TRUE(at::allclose(at::matmul(pair.activation, pair.weight.t()), at::eye(12, at::kDouble), 1e-8, 1e-8));
  const at::Tensor activations = at::matmul(pair.activation.t(), at::matmul(c, pair.activation)),
                   weights = at::matmul(pair.weight.t(), at::matmul(g, pair.weight));
  EXPECT_TRUE(at::allclose(activations / activations.trace(), weights / weights.trace(), 1e-5, 1e-6));
}

// Before the rotation the common moment is diagonal; a Hadamard matrix makes its diagonal constant.
TEST(ClosedForm, AHadamardMatrixSpreadsTheSpectrumEvenly) {
  const at::Tensor rotation = random_hadamard(at::ones({12}, at::kDouble));
  const BalancedPair pair = balance(moment(1), moment(2), 1e-9, rotation);
  const at::Tensor diagonal = at::matmul(pair.activation.t(), at::matmul(moment(1), pair.activation)).diagonal();
  EXPECT_LT((diagonal.max() / diagonal.min()).item<double>(), 1.0001);
}

// Dead input channels make a singular moment: damping, not a crash or a NaN.
TEST(ClosedForm, SingularMomentsAreDamped) {
  at::Tensor c = moment(1);
  c[3].zero_();
  c.select(1, 3).zero_();
  const BalancedPair pair = balance(c, at::zeros({12, 12}, at::kDouble), 0.01, at::eye(12, at::kDouble));
  EXPECT_TRUE(pair.activation.isfinite().all().item<bool>());
  EXPECT_TRUE(at::allclose(at::matmul(pair.activation, pair.weight.t()), at::eye(12, at::kDouble), 1e-8, 1e-8));
}

}  // namespace
}  // namespace freeact
