// The fused quantisers against their composed twins: values bit for bit, gradients to rounding.
#include "quant/fused_quantise.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>

namespace freeact {
namespace {

using Quantiser = std::function<at::Tensor(const at::Tensor&, const Grid&, const Clip&)>;

struct Gradients {
  at::Tensor y, x, high, low;
};

// The gradients of sum(y * upstream) with random upstream values.
Gradients run(const Quantiser& quantiser, const at::Tensor& x, const Grid& grid, const Clip& clip) {
  const at::Tensor input = x.detach().clone().set_requires_grad(true);
  Clip factors;
  if (clip.max.defined())
    factors = {clip.max.clone().set_requires_grad(true), clip.min.clone().set_requires_grad(true)};
  const at::Tensor y = quantiser(input, grid, factors);
  at::manual_seed(9);
  (y * at::randn(y.sizes())).sum().backward();
  if (!clip.max.defined()) return {y, input.grad(), at::zeros({1}), at::zeros({1})};
  return {y, input.grad(), factors.max.grad(), factors.min.grad()};
}

void expect_near(const at::Tensor& got, const at::Tensor& wanted, const char* what) {
  const double largest = std::max(wanted.abs().max().item<double>(), 1.0);
  EXPECT_LE((got - wanted).abs().max().item<double>(), 2e-5 * largest) << what;
}

void expect_same(const Quantiser& fused, const Quantiser& naive, const at::Tensor& x, const Grid& grid,
                 const Clip& clip) {
  ASSERT_TRUE(can_fuse(x, grid, clip));
  const Gradients got = run(fused, x, grid, clip), wanted = run(naive, x, grid, clip);
  EXPECT_TRUE(at::equal(got.y, wanted.y));
  expect_near(got.x, wanted.x, "gradient of x");
  expect_near(got.high, wanted.high, "gradient of the upper factor");
  expect_near(got.low, wanted.low, "gradient of the lower factor");
}

// Random rows, and among them: equal largest elements at both ends, zeros, one sign only, a single spike.
at::Tensor telling_rows(int64_t width) {
  at::manual_seed(8);
  at::Tensor x = at::randn({3, 5, width});
  x.index_put_({0, 1}, x.index({0, 1}).clamp(-0.5, 0.5));
  x.index_put_({0, 2}, x.index({0, 2}).clamp(-2, 0.25));
  x.index_put_({0, 3}, 0.0);
  x.index_put_({1, 0}, x.index({1, 0}).abs());
  x.index_put_({1, 1}, -x.index({1, 1}).abs() - 1);
  x.index_put_({1, 2}, at::zeros({width}).index_fill(0, at::tensor({int64_t{4}}), 3.0));
  x.index_put_({1, 3}, x.index({1, 3}).round());
  x.index_put_({2, 0}, x.index({2, 0}) * 1e-7);
  return x;
}

Clip factors(at::IntArrayRef shape, double high, double low) {
  return {at::full(shape, high), at::full(shape, low)};
}

class Fused : public testing::TestWithParam<int64_t> {};  // width: whole and broken vectors

TEST_P(Fused, ActivationsAreThoseOfTheComposedOperations) {
  const at::Tensor x = telling_rows(GetParam());
  for (const int bits : {2, 4, 8})
    for (const Clip& clip : {Clip{}, factors({1}, 0.982, 0.982), factors({1}, 0.4, 0.7), Clip::ratio(0.9),
                             Clip{at::rand({3, 5, 1}) + 0.1, at::rand({3, 5, 1}) + 0.1}})
      expect_same(fused_quantise_activation, fake_quantise_activation_naive, x, {bits, true}, clip);
}

TEST_P(Fused, WeightsAreThoseOfTheComposedOperations) {
  const at::Tensor w = telling_rows(GetParam()).flatten(0, 1);
  for (const int bits : {2, 4, 8})
    for (const Clip& clip : {Clip{}, factors({15, 1}, 0.982, 0.982), factors({15, 1}, 0.4, 0.7),
                             factors({15, 1}, 0.01, 0.9), Clip{at::rand({15, 1}), at::rand({15, 1})}})
      expect_same(fused_quantise_weight, fake_quantise_weight_naive, w, {bits, true}, clip);
}

INSTANTIATE_TEST_SUITE_P(Widths, Fused, testing::Values(5, 16, 33, 576));

TEST(FusedQuantise, LeavesWhatItCannotDoToTheComposedOperations) {
  const at::Tensor x = at::ones({2, 3, 8});
  EXPECT_TRUE(can_fuse(x, {4, true}, {}));
  EXPECT_FALSE(can_fuse(x, {4, false}, {}));
  EXPECT_FALSE(can_fuse(x, {16, true}, {}));
  EXPECT_FALSE(can_fuse(x.to(at::kDouble), {4, true}, {}));
  EXPECT_FALSE(can_fuse(x.transpose(1, 2), {4, true}, {}));
  EXPECT_FALSE(can_fuse(x, {4, true}, factors({3, 1}, 1, 1)));
}

}  // namespace
}  // namespace freeact
