// Products in one order of rounded steps: the same bits whatever computes them.
#include "ops/ordered_product.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ops/hadamard.h"
#include "ops/kronecker.h"
#include "ops/ops.h"
#include "ops/plain_rows.h"
#include "util/error.h"
#include "util/instruction_set.h"

namespace freeact {
namespace {

// The definition, element by element.
at::Tensor chain(const at::Tensor& a, const at::Tensor& b) {
  at::Tensor c = at::empty({a.size(0), b.size(1)});
  for (int64_t i = 0; i < a.size(0); ++i)
    for (int64_t j = 0; j < b.size(1); ++j) {
      float sum = 0;
      for (int64_t k = 0; k < a.size(1); ++k)
        sum = std::fma(a.const_data_ptr<float>()[i * a.size(1) + k], b.const_data_ptr<float>()[k * b.size(1) + j], sum);
      c.mutable_data_ptr<float>()[i * b.size(1) + j] = sum;
    }
  return c;
}

at::Tensor product(const at::Tensor& a, const at::Tensor& b) {
  at::Tensor c = at::full({a.size(0) + 1, b.size(1)}, 7.0f);  // a row more, to see that nothing writes there
  ordered_product(a.const_data_ptr<float>(), b.const_data_ptr<float>(), c.mutable_data_ptr<float>(), a.size(0),
                  b.size(1), a.size(1));
  EXPECT_TRUE(c[a.size(0)].eq(7).all().item<bool>()) << "written past the end";
  return c.narrow(0, 0, a.size(0));
}

TEST(OrderedProduct, IsTheChainOfFusedStepsOnEveryInstructionSet) {
  at::manual_seed(1);
  for (const InstructionSet set : available_instruction_sets()) {
    const ForcedInstructionSet forced(set);
    for (int64_t m = 1; m <= 14; ++m)
      for (const int64_t n : {1, 7, 8, 9, 16, 17, 24, 32, 33, 48, 50, 64, 65, 80, 86, 128, 148}) {
        const at::Tensor a = at::randn({m, 1 + n % 11}), b = at::randn({a.size(1), n});
        ASSERT_TRUE(at::equal(product(a, b), chain(a, b))) << name(set) << " " << m << " x " << n;
      }
    const at::Tensor a = at::randn({64, 148}), b = at::randn({148, 96});
    EXPECT_TRUE(at::equal(product(a, b), chain(a, b))) << name(set);
  }
}

TEST(OrderedProduct, AcceptsEmptySides) {
  for (const InstructionSet set : available_instruction_sets()) {
    const ForcedInstructionSet forced(set);
    EXPECT_TRUE(at::equal(product(at::ones({3, 0}), at::ones({0, 5})), at::zeros({3, 5})));
    EXPECT_EQ(product(at::ones({0, 2}), at::ones({2, 5})).numel(), 0);
    EXPECT_EQ(product(at::ones({2, 2}), at::ones({2, 0})).numel(), 0);
  }
}

at::Tensor apply(const OrderedKronecker& kronecker, const at::Tensor& x) {
  return map_rows(x, [&](const float* from, int64_t rows, float* to) { kronecker.apply(from, rows, x.size(-1), to); });
}

TEST(OrderedKronecker, EqualsTheDenseProduct) {
  at::manual_seed(2);
  for (const auto& [l, r] : {std::pair<int64_t, int64_t>{1, 1}, {3, 5}, {8, 4}, {24, 24}, {32, 86}}) {
    const at::Tensor x = at::randn({2, 9, l * r}), left = at::randn({l, l}), right = at::randn({r, r});
    const auto close = [&](const at::Tensor& got, const at::Tensor& a, const at::Tensor& b) {
      const at::Tensor wanted = kronecker_apply_naive(x.to(at::kDouble), a.to(at::kDouble), b.to(at::kDouble));
      return ((got - wanted).norm() / wanted.norm()).item<double>() < 1e-6;
    };
    EXPECT_TRUE(close(apply(OrderedKronecker(left, right), x), left, right));
    EXPECT_TRUE(close(apply(OrderedKronecker(left, {}), x), left, at::eye(r)));
    EXPECT_TRUE(close(apply(OrderedKronecker({}, right), x), at::eye(l), right));
    EXPECT_TRUE(close(apply(OrderedKronecker(left.t(), right.t()), x), left.t(), right.t()));
  }
}

TEST(OrderedKronecker, GivesTheSameBitsWhateverTheBatch) {
  at::manual_seed(3);
  const at::Tensor x = at::randn({300, 24 * 10});
  const OrderedKronecker kronecker(at::randn({24, 24}), at::randn({10, 10}));
  const at::Tensor all = apply(kronecker, x);
  for (const InstructionSet set : available_instruction_sets()) {
    const ForcedInstructionSet forced(set);
    EXPECT_TRUE(at::equal(apply(kronecker, x), all)) << name(set);
    for (const int64_t row : {0, 150, 299}) EXPECT_TRUE(at::equal(apply(kronecker, x.narrow(0, row, 1))[0], all[row]));
  }
}

TEST(OrderedKronecker, RefusesOtherShapes) {
  EXPECT_THROW(OrderedKronecker({}, {}), Defect);
  EXPECT_THROW(OrderedKronecker(at::ones({2, 3}), {}), Defect);
  EXPECT_THROW(OrderedKronecker(at::ones({2, 2}, at::kDouble), {}), Defect);
  EXPECT_FALSE(OrderedKronecker(at::eye(2), at::eye(3)).fits(12));
  EXPECT_FALSE(OrderedKronecker(at::eye(2), {}).fits(7));
  EXPECT_TRUE(OrderedKronecker(at::eye(2), {}).fits(8));
}

TEST(Rotation, GivesTheSameBitsWhateverTheBatchAndTheInstructionSet) {
  at::manual_seed(4);
  for (const int64_t n : {1, 2, 16, 24, 64, 172, 576, 2048}) {
    const HadamardRotation rotation(n);
    const at::Tensor x = at::randn({70, n}), all = rotation.apply(x), back = rotation.apply_transposed(x);
    for (const InstructionSet set : available_instruction_sets()) {
      const ForcedInstructionSet forced(set);
      EXPECT_TRUE(at::equal(rotation.apply(x), all)) << name(set) << " " << n;
      EXPECT_TRUE(at::equal(rotation.apply_transposed(x), back)) << name(set) << " " << n;
      EXPECT_TRUE(at::equal(rotation.apply(x[33]), all[33])) << name(set) << " " << n;
    }
  }
}

// The factors of a rotation by tensor products, as gradients and other types have it.
TEST(Rotation, IsTheSameFunctionWithAndWithoutAGradient) {
  at::manual_seed(5);
  for (const int64_t n : {2, 24, 148, 576, 4096}) {
    const HadamardRotation rotation(n);
    const at::Tensor x = at::randn({3, n}), tracked = x.clone().requires_grad_();
    EXPECT_TRUE(at::allclose(rotation.apply(x), rotation.apply(tracked), 1e-5, 1e-5)) << n;
    EXPECT_TRUE(rotation.apply(tracked).requires_grad());
    EXPECT_TRUE(at::allclose(rotation.apply_transposed(rotation.apply(x)), x, 1e-5, 1e-5)) << n;
  }
}

}  // namespace
}  // namespace freeact
