#include "method/freeact/exclusive_bases.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace freeact {
namespace {

constexpr int64_t kWidth = 12;

at::Tensor some_moment() {
  at::manual_seed(1);
  const at::Tensor x = at::randn({40, kWidth}, at::kDouble);
  return at::matmul(x.t(), x) / 40.0;
}
at::Tensor some_weight() {
  at::manual_seed(2);
  return at::randn({20, kWidth});
}

// The problem is solved once for all ranks: each takes from the same directions, best first.
TEST(WeightAwareDirections, OfALowerRankLieInThoseOfAHigherOne) {
  const WeightAwareDirections directions(some_moment(), some_weight(), 1e-3);
  at::Tensor larger = directions.basis(8);
  for (const int64_t rank : {4, 2, 1}) {
    const at::Tensor u = directions.basis(rank);
    EXPECT_TRUE(at::allclose(at::matmul(u.t(), u), at::eye(rank, at::kDouble), 0, 1e-12));
    EXPECT_TRUE(at::allclose(at::matmul(larger, at::matmul(larger.t(), u)), u, 0, 1e-10)) << rank;
    EXPECT_TRUE(at::equal(u, weight_aware_basis(some_moment(), some_weight(), rank, 1e-3)));
    larger = u;
  }
}

TEST(WeightAwareDirections, TheFirstHasMostEnergyPerEnergyRead) {
  const at::Tensor moment = some_moment(), w = some_weight().to(at::kDouble);
  const at::Tensor best = WeightAwareDirections(moment, w, 0).basis(1);
  const auto ratio = [&](const at::Tensor& u) {
    return (at::matmul(u.t(), at::matmul(moment, u)).trace() / at::matmul(w, u).square().sum()).item<double>();
  };
  at::manual_seed(3);
  for (int i = 0; i < 50; ++i) EXPECT_LE(ratio(best + 0.2 * at::randn({kWidth, 1}, at::kDouble)), ratio(best));
}

}  // namespace
}  // namespace freeact
