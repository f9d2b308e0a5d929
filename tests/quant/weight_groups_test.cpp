// Ranges of groups of channels instead of whole rows and tokens.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "quant/quantised_site.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr Grid kRows = {4, true};
Grid groups_of(int64_t size, bool symmetric = true, int bits = 4) {
  return {bits, symmetric, size};
}

// Heavy tails, so that ranges differ from group to group.
at::Tensor weight(int64_t outputs = 12, int64_t width = 48) {
  at::manual_seed(3);
  return at::randn({outputs, width}).pow(3);
}

at::Tensor rounded(const at::Tensor& w, const Grid& grid, const WeightClip& clip = {}) {
  return quantise_linear(w, {}, grid, clip).weight();
}

const std::vector<WeightClip> kClips = {WeightClip{}, WeightClip::fixed(0.8), WeightClip::searched()};

// Every group by itself is a narrow weight with a range per row.
TEST(WeightGroups, AreNeighbouringChannelsOfARow) {
  const at::Tensor w = weight();
  for (const WeightClip& clip : kClips)
    for (const bool symmetric : {true, false}) {
      const at::Tensor got = rounded(w, groups_of(16, symmetric), clip);
      for (int64_t begin = 0; begin < 48; begin += 16)
        EXPECT_TRUE(
            at::equal(got.slice(1, begin, begin + 16), rounded(w.slice(1, begin, begin + 16), {4, symmetric}, clip)));
    }
}

TEST(WeightGroups, AsWideAsTheRowAreTheRowBitForBit) {
  const at::Tensor w = weight();
  for (const WeightClip& clip : kClips)
    for (const bool symmetric : {true, false}) {
      const QuantisedLinear rows = quantise_linear(w, {}, {4, symmetric}, clip),
                            groups = quantise_linear(w, {}, groups_of(48, symmetric), clip);
      EXPECT_TRUE(at::equal(rows.codes, groups.codes));
      EXPECT_TRUE(at::equal(rows.scale.scale, groups.scale.scale));
      EXPECT_TRUE(at::equal(rows.weight(), groups.weight()));
    }
}

TEST(WeightGroups, HaveCodesOfTheGridAndAScaleEach) {
  for (const Grid& grid : {groups_of(8), groups_of(8, false), groups_of(8, true, 3)}) {
    const QuantisedLinear linear = quantise_linear(weight(), {}, grid);
    EXPECT_EQ(linear.scale.scale.sizes(), (at::IntArrayRef{12, 6}));
    EXPECT_EQ(linear.codes.sizes(), (at::IntArrayRef{12, 48}));
    EXPECT_GE(linear.codes.min().item<double>(), grid.lowest());
    EXPECT_LE(linear.codes.max().item<double>(), grid.highest());
  }
}

TEST(WeightGroups, OfASmallerSizeHaveASmallerError) {
  const at::Tensor w = weight(64, 192);
  double before = (rounded(w, kRows) - w).square().sum().item<double>();
  for (const int64_t size : {96, 48, 24, 12, 6}) {
    const double error = (rounded(w, groups_of(size)) - w).square().sum().item<double>();
    EXPECT_LT(error, before) << size;
    before = error;
  }
}

TEST(WeightGroups, OfZerosStayZerosWhateverTheClip) {
  at::Tensor w = weight();
  w.slice(1, 16, 32).zero_();
  for (const WeightClip& clip : kClips)
    for (const bool symmetric : {true, false}) {
      const at::Tensor got = rounded(w, groups_of(16, symmetric), clip);
      EXPECT_TRUE(got.isfinite().all().item<bool>());
      EXPECT_EQ(got.slice(1, 16, 32).abs().max().item<float>(), 0);
    }
}

TEST(WeightGroups, OfATransposedWeightAreThoseOfItsCopy) {
  const at::Tensor w = weight(48, 12).t();
  EXPECT_TRUE(at::equal(rounded(w, groups_of(16)), rounded(w.contiguous(), groups_of(16))));
  EXPECT_TRUE(at::equal(fake_quantise_weight(w, groups_of(16)), fake_quantise_weight(w.contiguous(), groups_of(16))));
}

struct Learned {
  at::Tensor y, of_weight, of_max, of_min;
};
using Rounding = at::Tensor (*)(const at::Tensor&, const Grid&, const Clip&);
Learned learn(Rounding round, const at::Tensor& w, const Grid& grid, const at::Tensor& max, const at::Tensor& min) {
  const at::Tensor leaf = w.clone().set_requires_grad(true);
  const Clip clip = {max.clone().set_requires_grad(true), min.clone().set_requires_grad(true)};
  const at::Tensor y = round(leaf, grid, clip);
  at::manual_seed(5);
  (y * at::randn(y.sizes())).sum().backward();
  return {y, leaf.grad(), clip.max.grad(), clip.min.grad()};
}

void expect_near(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_TRUE(at::allclose(a, b, 1e-4, 1e-4)) << (a - b).abs().max().item<double>();
}

// One clip factor for each range, in one pass as in the composed operations.
TEST(WeightGroups, LearnOneClipEach) {
  at::manual_seed(4);
  const at::Tensor max = at::rand({12, 3}) * 0.5 + 0.4, min = at::rand({12, 3}) * 0.5 + 0.4;
  const Learned fused = learn(fake_quantise_weight, weight(), groups_of(16), max, min),
                naive = learn(fake_quantise_weight_naive, weight(), groups_of(16), max, min);
  EXPECT_TRUE(at::equal(fused.y, naive.y));
  expect_near(fused.of_weight, naive.of_weight);
  expect_near(fused.of_max, naive.of_max);
  expect_near(fused.of_min, naive.of_min);
  EXPECT_TRUE((fused.of_max.abs() > 0).any(0).all().item<bool>()) << "some group's clip has no gradient";
  for (const int64_t group : {0, 1, 2}) {
    const Clip own = {max.slice(1, group, group + 1), min.slice(1, group, group + 1)};
    EXPECT_TRUE(at::equal(fused.y.slice(1, group * 16, group * 16 + 16),
                          fake_quantise_weight(weight().slice(1, group * 16, group * 16 + 16), kRows, own)));
  }
}

TEST(WeightGroups, AsWideAsTheRowLearnAsTheRowBitForBit) {
  const at::Tensor max = at::full({12, 1}, 0.8), min = at::full({12, 1}, 0.7);
  const Learned rows = learn(fake_quantise_weight, weight(), kRows, max, min),
                groups = learn(fake_quantise_weight, weight(), groups_of(48), max, min);
  EXPECT_TRUE(at::equal(rows.y, groups.y));
  EXPECT_TRUE(at::equal(rows.of_weight, groups.of_weight));
  EXPECT_TRUE(at::equal(rows.of_max, groups.of_max));
  EXPECT_TRUE(at::equal(rows.of_min, groups.of_min));
}

TEST(ActivationGroups, AreNeighbouringChannelsOfATokenAndShareItsClip) {
  at::manual_seed(6);
  const at::Tensor x = at::randn({2, 3, 48}).pow(3), factors = at::rand({2, 3, 1}) * 0.5 + 0.5;
  for (const Clip& clip : {Clip{}, Clip::ratio(0.9), Clip{factors, factors}})
    for (const bool symmetric : {true, false}) {
      const at::Tensor got = fake_quantise_activation(x, groups_of(16, symmetric), clip);
      for (int64_t begin = 0; begin < 48; begin += 16)
        EXPECT_TRUE(
            at::equal(got.slice(-1, begin, begin + 16),
                      fake_quantise_activation(x.slice(-1, begin, begin + 16).contiguous(), {4, symmetric}, clip)));
      EXPECT_TRUE(at::equal(fake_quantise_activation(x, groups_of(48, symmetric), clip),
                            fake_quantise_activation(x, {4, symmetric}, clip)));
    }
}

TEST(WeightGroups, ThatDoNotDivideAreRefused) {
  EXPECT_THROW(quantise_linear(weight(), {}, groups_of(10)), UserError);
  EXPECT_THROW(groups_of(10).num_groups(48), UserError);
  EXPECT_THROW(fake_quantise_activation(weight(), groups_of(10)), UserError);
}

TEST(WeightGroups, AreSavedAndLoaded) {
  QuantisedSite::Parts parts;
  parts.activation_grid = groups_of(8);
  for (const bool symmetric : {true, false})
    parts.linears.push_back(quantise_linear(weight(), at::ones({12}), groups_of(16, symmetric)));
  const QuantisedSite site(parts);
  const auto saved = site.save("s.");
  const auto loaded = QuantisedSite::load(saved, "s.");
  const at::Tensor x = at::randn({1, 4, 48}), types = at::zeros({1, 4}, at::kLong);
  for (size_t i = 0; i < 2; ++i) EXPECT_TRUE(at::equal(site.forward(x, types)[i], loaded->forward(x, types)[i]));
}

// Files of before there were groups hold two numbers for a grid.
TEST(WeightGroups, AreNotInFilesWithoutThem) {
  QuantisedSite::Parts parts;
  parts.activation_grid = kRows;
  parts.linears.push_back(quantise_linear(weight(), {}, kRows));
  const auto saved = QuantisedSite(parts).save("s.");
  EXPECT_EQ(saved.at("s.activation_grid").numel(), 2);
  EXPECT_EQ(saved.at("s.linear0.scale").sizes(), (at::IntArrayRef{12, 1}));
  EXPECT_EQ(QuantisedSite::load(saved, "s.")->parts().activation_grid.group_size, 0);
}

}  // namespace
}  // namespace freeact
