// That the fake accelerator refuses what CUDA refuses, and computes what the CPU computes.
#include "device/fake_accelerator.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace freeact {
namespace {

const at::Tensor kMatrix = at::arange(12, at::kFloat).view({3, 4}) / 7;

TEST(FakeAccelerator, ComputesAsTheCpu) {
  const at::Tensor x = kMatrix.to(kFakeDevice), product = at::matmul(x, x.t());
  EXPECT_EQ(product.device(), kFakeDevice);
  EXPECT_TRUE(at::equal(product.cpu(), at::matmul(kMatrix, kMatrix.t())));
  EXPECT_TRUE(at::equal(at::eye(3, x.options()).cpu(), at::eye(3)));
}

TEST(FakeAccelerator, RefusesTensorsOfTheHostButTakesTheirNumbers) {
  const at::Tensor x = kMatrix.to(kFakeDevice);
  EXPECT_THROW(at::matmul(x, kMatrix.t()), c10::Error);
  EXPECT_THROW(x + kMatrix, c10::Error);
  EXPECT_THROW(kMatrix.index_select(0, at::zeros({1}, x.options().dtype(at::kLong))), c10::Error);
  EXPECT_THROW(at::cat({x, kMatrix}), c10::Error);
  EXPECT_TRUE(at::equal((x * at::scalar_tensor(2)).cpu(), kMatrix * 2));
}

TEST(FakeAccelerator, ViewsShareItsMemory) {
  const at::Tensor x = kMatrix.to(kFakeDevice);
  x.slice(1, 1, 3).t().select(0, 0).mul_(0);
  EXPECT_EQ(x.select(1, 1).abs().sum().item<float>(), 0);
  EXPECT_TRUE(at::equal(x.select(1, 2).cpu(), kMatrix.select(1, 2)));
}

TEST(FakeAccelerator, DifferentiatesAsTheCpu) {
  const auto gradient = [](const at::Tensor& leaf) {
    leaf.set_requires_grad(true);
    at::softmax(at::linear(leaf, leaf, leaf.select(1, 0)).square(), -1).select(1, 0).sum().backward();
    return leaf.grad().cpu();
  };
  EXPECT_TRUE(at::equal(gradient(kMatrix.to(kFakeDevice)), gradient(kMatrix.clone())));
}

TEST(FakeAcceleratorDeathTest, ItsMemoryIsNotTheHosts) {
  const at::Tensor x = kMatrix.to(kFakeDevice);
  EXPECT_DEATH(fmt::print(stderr, "{}", *x.const_data_ptr<float>()), "");
}

}  // namespace
}  // namespace freeact
