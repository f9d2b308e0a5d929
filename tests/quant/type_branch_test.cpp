#include "quant/type_branch.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "ops/ops.h"
#include "quant/quantised_site.h"

namespace freeact {
namespace {

at::Tensor columns(int64_t width, int64_t rank, uint64_t seed) {
  return orthogonal_from_gaussian(gaussian({width, width}, seed)).slice(1, 0, rank).to(at::kFloat);
}

TypeBranch two_types(int64_t width) {
  return TypeBranch::orthonormal({columns(width, 3, 1), columns(width, 2, 2)});
}

const at::Tensor kTypes = at::tensor({0, 1, 1, 0}, at::kLong).view({1, 4});

TEST(TypeBranch, ATokenIsReadAlongItsOwnTypesDirectionsOnly) {
  const TypeBranch branch = two_types(8);
  const at::Tensor x = at::ones({1, 4, 8});
  const at::Tensor c = branch.coefficients(x, kTypes);
  EXPECT_EQ(c.sizes(), (at::IntArrayRef{1, 4, 5}));
  EXPECT_EQ(c[0][0].slice(0, 3).abs().max().item<float>(), 0);
  EXPECT_EQ(c[0][1].slice(0, 0, 3).abs().max().item<float>(), 0);
  EXPECT_GT(c[0][1].slice(0, 3).abs().max().item<float>(), 0);
}

TEST(TypeBranch, WhatIsTakenOutCannotBeReadAgain) {
  const TypeBranch branch = two_types(8);
  const at::Tensor x = gaussian({1, 4, 8}, 3).to(at::kFloat);
  const at::Tensor rest = x - at::matmul(branch.coefficients(x, kTypes), branch.write_RD);
  EXPECT_LT(branch.coefficients(rest, kTypes).abs().max().item<float>(), 1e-5);
}

// A scale folded into the norm before the site, and a basis that the values carry.
TEST(TypeBranch, MovesWithTheBasisOfTheInput) {
  const TypeBranch branch = two_types(8);
  const at::Tensor x = gaussian({1, 4, 8}, 3).to(at::kFloat), scale = at::linspace(0.5, 4, 8);
  const at::Tensor basis = gaussian({4, 4}, 4).to(at::kFloat) + 3 * at::eye(4), inverse_t = at::inverse(basis).t();
  const TypeBranch scaled = branch.in_basis(scale, {}, {}), turned = branch.in_basis({}, basis, inverse_t);
  const at::Tensor c = branch.coefficients(x, kTypes), x_turned = kronecker_apply(x, {}, basis);
  EXPECT_TRUE(at::allclose(scaled.coefficients(x * scale, kTypes), c, 1e-4, 1e-5));
  EXPECT_TRUE(at::allclose(turned.coefficients(x_turned, kTypes), c, 1e-4, 1e-5));
  const at::Tensor removed = at::matmul(c, branch.write_RD);
  EXPECT_TRUE(at::allclose(at::matmul(c, scaled.write_RD), removed * scale, 1e-4, 1e-5));
  EXPECT_TRUE(at::allclose(at::matmul(c, turned.write_RD), kronecker_apply(removed, {}, basis), 1e-4, 1e-5));
}

QuantisedSite::Parts site_with_branch(const Grid& grid, bool keeps) {
  QuantisedSite::Parts parts;
  parts.activation_grid = grid;
  parts.branch = two_types(8);
  const at::Tensor weight = gaussian({6, 8}, 5).to(at::kFloat);
  parts.linears.push_back(quantise_linear(weight, {}, {16, true}));
  if (keeps) parts.branch.products_RO.push_back(at::matmul(parts.branch.write_RD, weight.t()));
  return parts;
}

TEST(TypeBranch, ASiteThatKeepsItsDirectionsIsExactInSixteenBitsAndOneThatDropsThemIsNot) {
  const at::Tensor x = gaussian({1, 4, 8}, 6).to(at::kFloat);
  const auto keeping = site_with_branch({16, true}, true), dropping = site_with_branch({16, true}, false);
  const at::Tensor exact = at::linear(x, keeping.linears[0].weight());
  EXPECT_TRUE(at::allclose(QuantisedSite(keeping).forward(x, kTypes)[0], exact, 1e-4, 1e-5));
  EXPECT_GT((QuantisedSite(dropping).forward(x, kTypes)[0] - exact).norm().item<float>(), 0.1);
}

// One direction holds a type's extremes: past the quantiser it no longer widens the range of all others.
TEST(TypeBranch, TakesExtremesOutOfTheRange) {
  auto parts = site_with_branch({4, true}, true);
  at::Tensor x = gaussian({1, 4, 8}, 6).to(at::kFloat);
  const at::Tensor own = kTypes.view({1, 4, 1}) == 0;
  const at::Tensor first = parts.branch.write_RD[0], second = parts.branch.write_RD[3];
  x = x + 100 * at::where(own, first, second);
  const at::Tensor exact = at::linear(x, parts.linears[0].weight());
  const at::Tensor with = QuantisedSite(parts).forward(x, kTypes)[0];
  parts.branch = {};
  const at::Tensor without = QuantisedSite(parts).forward(x, kTypes)[0];
  EXPECT_LT((with - exact).norm().item<float>(), 0.1 * (without - exact).norm().item<float>());
}

TEST(TypeBranch, IsSavedWithItsSite) {
  const QuantisedSite site(site_with_branch({4, true}, true));
  const auto loaded = QuantisedSite::load(site.save("s."), "s.");
  const at::Tensor x = gaussian({1, 4, 8}, 6).to(at::kFloat);
  EXPECT_TRUE(at::equal(loaded->forward(x, kTypes)[0], site.forward(x, kTypes)[0]));
}

}  // namespace
}  // namespace freeact
