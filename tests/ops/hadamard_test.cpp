#include "ops/hadamard.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

#include "ops/ops.h"
#include "util/error.h"

namespace freeact {
namespace {

using testing::HasSubstr;

at::Tensor random_input(at::IntArrayRef shape, at::ScalarType dtype) {
  return gaussian(shape, 7).to(dtype);
}

at::Tensor mixed_signs(int64_t size, at::ScalarType dtype) {
  return at::where(at::arange(size).remainder(3).eq(1), -1, 1).to(dtype);
}

void expect_hadamard(const at::Tensor& matrix, int64_t order) {
  ASSERT_EQ(matrix.sizes(), at::IntArrayRef({order, order}));
  EXPECT_EQ(matrix.scalar_type(), at::kChar);
  EXPECT_TRUE(matrix.abs().eq(1).all().item<bool>()) << "entries of order " << order;
  const at::Tensor wide = matrix.to(at::kFloat);
  EXPECT_TRUE(at::matmul(wide, wide.t()).equal(at::eye(order) * order)) << "rows of order " << order;
}

template <typename Call>
std::string user_error(Call call) {
  try {
    call();
  } catch (const UserError& error) {
    return error.what();
  }
  return "no UserError";
}

TEST(HadamardMatrix, EveryConstructedOrderIsHadamard) {
  std::vector<int64_t> missing;
  for (int64_t order = 1; order <= 400; ++order) {
    if (hadamard_order_exists(order))
      expect_hadamard(hadamard_matrix(order), order);
    else if (order % 4 == 0)
      missing.push_back(order);
  }
  EXPECT_EQ(missing, (std::vector<int64_t>{188, 236, 260, 268, 292, 324, 356, 372, 376}));
}

TEST(HadamardMatrix, CoversTheFieldsOfHigherDegree) {
  for (const int64_t order : {244, 1252, 1684})  // Paley I over 3^5, Paley II over 5^4 and 29^2
    expect_hadamard(hadamard_matrix(order), order);
}

TEST(HadamardMatrix, PowersOfTwoAreSylvester) {
  const at::Tensor matrix = hadamard_matrix(16);
  for (uint32_t i = 0; i < 16; ++i)
    for (uint32_t j = 0; j < 16; ++j)
      EXPECT_EQ(matrix[i][j].item<int>(), std::popcount(i & j) % 2 == 0 ? 1 : -1) << i << ", " << j;
}

TEST(HadamardMatrix, OrdersWithoutConstructionAreRefused) {
  for (const int64_t order : {-4, 0, 3, 6, 188}) {
    EXPECT_FALSE(hadamard_order_exists(order));
    EXPECT_THAT(user_error([&] { hadamard_matrix(order); }), HasSubstr("order " + std::to_string(order)));
  }
}

TEST(HadamardFactor, FollowsQuarotWhereTheFirstDivisorDecides) {
  EXPECT_EQ(quarot_hadamard_factor(4096, false), 1);
  EXPECT_EQ(quarot_hadamard_factor(3584, false), 28);
  EXPECT_EQ(quarot_hadamard_factor(11008, false), 172);
  EXPECT_EQ(quarot_hadamard_factor(160, false), 40);
  EXPECT_EQ(quarot_hadamard_factor(18944, false), -1);
  EXPECT_EQ(quarot_hadamard_factor(18944, true), 148);
  // 20 * 12 would do, but 60 comes first; 36 * 12 is 108 * 4.
  EXPECT_EQ(quarot_hadamard_factor(240, false), 60);
  EXPECT_EQ(quarot_hadamard_factor(432, false), 108);
  // 140 comes first and leaves 12, although 60 * 28 and others are Hadamard orders too.
  EXPECT_EQ(quarot_hadamard_factor(1680, false), -1);
  for (const int64_t n : {-8, 0, 3, 4864, 3420}) EXPECT_EQ(quarot_hadamard_factor(n, true), -1) << n;
}

TEST(HadamardFactor, FindsOneWhereQuarotHasNone) {
  EXPECT_EQ(hadamard_factor(18944), 148);
  EXPECT_EQ(hadamard_factor(4864), 76);    // MLP of Qwen2.5-0.5B
  EXPECT_EQ(hadamard_factor(29568), 924);  // MLP of Qwen2.5-72B
  EXPECT_EQ(hadamard_factor(3420), 3420);
  EXPECT_EQ(hadamard_factor(184), 92);
}

TEST(HadamardFactor, UnsupportedSizeNamesItsNeighbours) {
  EXPECT_THAT(user_error([] { HadamardRotation(188); }),
              testing::AllOf(HasSubstr("size 188"), HasSubstr("184 and 192")));
  EXPECT_THAT(user_error([] { HadamardRotation(0); }), HasSubstr("size 0"));
}

class RotationOfSize : public testing::TestWithParam<int64_t> {};
INSTANTIATE_TEST_SUITE_P(Sizes, RotationOfSize,
                         testing::Values(1, 2, 12, 20, 28, 36, 40, 52, 60, 64, 76, 92, 96, 108, 112, 116, 128, 140, 148,
                                         156, 172, 296, 576, 4096));

TEST_P(RotationOfSize, EqualsTheDenseProduct) {
  const HadamardRotation rotation(GetParam());
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
    const at::Tensor x = random_input({2, 3, GetParam()}, dtype);
    const double tolerance = dtype == at::kDouble ? 1e-12 : 1e-5;
    const at::Tensor y = rotation.apply(x);
    EXPECT_EQ(y.scalar_type(), dtype);
    EXPECT_TRUE(at::allclose(y, hadamard_apply_naive(x, rotation.had_k()), tolerance, tolerance));
  }
}

TEST_P(RotationOfSize, IsOrthogonal) {
  const HadamardRotation rotation(GetParam());
  const at::Tensor x = random_input({5, GetParam()}, at::kDouble);
  const at::Tensor y = rotation.apply(x);
  EXPECT_TRUE(at::allclose(rotation.apply_transposed(y), x, 1e-12, 1e-12));
  EXPECT_TRUE(at::allclose(rotation.apply(rotation.apply_transposed(x)), x, 1e-12, 1e-12));
  EXPECT_TRUE(at::allclose(y.square().sum(-1), x.square().sum(-1), 1e-12, 1e-12));
}

TEST_P(RotationOfSize, AcceptsStridedInput) {
  const HadamardRotation rotation(GetParam());
  const at::Tensor x = random_input({GetParam(), 4}, at::kDouble).t();
  EXPECT_TRUE(at::allclose(rotation.apply(x), rotation.apply(x.contiguous()), 1e-12, 1e-12));
}

TEST(Rotation, RunsInBfloat16) {
  for (const int64_t n : {128, 148, 18944}) {
    const HadamardRotation rotation(n);
    const at::Tensor x = random_input({2, n}, at::kBFloat16);
    const at::Tensor y = rotation.apply(x);
    EXPECT_EQ(y.scalar_type(), at::kBFloat16);
    const at::Tensor exact = rotation.apply(x.to(at::kDouble));
    // At most four roundings of 2^-9 each.
    EXPECT_LT((y.to(at::kDouble) - exact).norm().item<double>(), exact.norm().item<double>() / 128) << n;
  }
}

TEST(Rotation, AcceptsNoRows) {
  EXPECT_EQ(HadamardRotation(96).apply(at::empty({0, 96})).size(0), 0);
}

TEST(Rotation, GradientEqualsFiniteDifferences) {
  const HadamardRotation rotation(24);
  const at::Tensor x = random_input({24}, at::kDouble).requires_grad_();
  const auto loss = [&](const at::Tensor& input) { return rotation.apply(input).pow(3).sum(); };
  loss(x).backward();
  const at::Tensor plain = x.detach();
  for (int64_t i = 0; i < 24; ++i) {
    const at::Tensor step = at::zeros({24}, at::kDouble).index_fill(0, at::tensor(i), 1e-5);
    const double numeric = (loss(plain + step) - loss(plain - step)).item<double>() / 2e-5;
    EXPECT_NEAR(x.grad()[i].item<double>(), numeric, 1e-7) << i;
  }
}

TEST(Rotation, UsesTheInjectedMatrixAndItsTransposeForTheInverse) {
  // Permuted rows and flipped columns make another, unsymmetric matrix of order 12.
  const at::Tensor had_k = hadamard_matrix(12).roll({5}, {0}) * mixed_signs(12, at::kChar);
  const HadamardRotation rotation(48, had_k);
  const at::Tensor x = random_input({3, 48}, at::kDouble);
  EXPECT_TRUE(at::allclose(rotation.apply(x), hadamard_apply_naive(x, had_k), 1e-12, 1e-12));
  EXPECT_TRUE(at::allclose(rotation.apply_transposed(rotation.apply(x)), x, 1e-12, 1e-12));
  EXPECT_FALSE(at::allclose(rotation.apply(x), HadamardRotation(48).apply(x)));
}

TEST(Rotation, RefusesAnInjectedMatrixThatDoesNotFit) {
  EXPECT_THAT(user_error([] { HadamardRotation(36, hadamard_matrix(12)); }),
              HasSubstr("order 12 does not fit size 36"));
  EXPECT_THAT(user_error([] { HadamardRotation(24, at::ones({12, 12})); }), HasSubstr("no Hadamard matrix"));
  EXPECT_THAT(user_error([] { HadamardRotation(24, at::eye(12)); }), HasSubstr("no Hadamard matrix"));
  EXPECT_THAT(user_error([] { HadamardRotation(24, at::ones({12})); }), HasSubstr("square"));
}

TEST(Rotation, AnotherWidthIsADefect) {
  EXPECT_THROW(HadamardRotation(24).apply(at::ones({2, 12})), Defect);
}

TEST(RandomHadamard, IsTheRotatedDiagonalAndOrthogonalInDoubles) {
  const at::Tensor signs = mixed_signs(40, at::kDouble);
  const at::Tensor q = random_hadamard(signs);
  ASSERT_EQ(q.scalar_type(), at::kDouble);
  EXPECT_TRUE(at::equal(q, HadamardRotation(40).apply(at::diag(signs))));
  EXPECT_TRUE(at::allclose(at::matmul(q, q.t()), at::eye(40, at::kDouble), 0, 1e-14));
}

}  // namespace
}  // namespace freeact
