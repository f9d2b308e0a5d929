// The integer backend's activations are those of the simulated site bit for bit, whatever transforms, shapes, grids and
// instruction sets.
#include "kernel/cpu/transform_quantise.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "random_parts.h"
#include "util/error.h"
#include "util/instruction_set.h"

namespace freeact {
namespace {

struct Tokens {
  at::Tensor x_MD, types_M;
};

// Values of very different sizes: an outlier channel, and a token of zeros.
Tokens random_tokens(int64_t rows, int64_t width, int64_t num_types) {
  Tokens tokens = {at::randn({rows, width}), at::randint(0, num_types, {rows}, at::kLong)};
  tokens.x_MD.select(1, width / 2).mul_(30);
  if (rows > 3) tokens.x_MD[2].zero_();
  return tokens;
}

at::Tensor simulated(const TransformChain& chain, const Tokens& tokens, const Grid& grid, const Clip& clip) {
  const at::Tensor types_BT = tokens.types_M.unsqueeze(0);
  const at::Tensor z_BTD = apply_activation(chain, tokens.x_MD.unsqueeze(0), types_BT);
  return fake_quantise_activation(z_BTD, grid, clip.of_tokens(types_BT)).squeeze(0);
}

// What the codes stand for, side by side: [M, D].
at::Tensor values(const QuantisedPieces& pieces) {
  std::vector<at::Tensor> all;
  for (const QuantisedRows& piece : pieces) {
    at::Tensor codes = piece.codes_MP.narrow(1, 0, piece.width);
    if (piece.zero_M.defined()) codes = codes.to(at::kInt) - piece.zero_M.unsqueeze(1);
    all.push_back(codes.to(at::kFloat) * piece.scale_M.unsqueeze(1));
  }
  return at::cat(all, 1);
}

void expect_well_formed(const QuantisedPieces& pieces, const Grid& grid) {
  const int64_t shift = grid.symmetric ? 0 : int64_t{1} << (grid.bits - 1);
  for (const QuantisedRows& piece : pieces) {
    ASSERT_EQ(piece.codes_MP.size(1), padded_width(piece.width));
    EXPECT_EQ(piece.zero_M.defined(), !grid.symmetric);
    const at::Tensor codes = piece.codes_MP.narrow(1, 0, piece.width).to(at::kLong);
    EXPECT_TRUE(at::equal(codes.sum(1), piece.sum_M.to(at::kLong)));
    EXPECT_TRUE(codes.ge(grid.lowest() - static_cast<double>(shift)).all().item<bool>());
    EXPECT_TRUE(codes.le(grid.highest() - static_cast<double>(shift)).all().item<bool>());
    EXPECT_TRUE(piece.codes_MP.slice(1, piece.width).eq(0).all().item<bool>()) << "padding";
  }
}

// On every instruction set; the simulated values are those of the widest.
void expect_simulated(const TransformChain& chain, const Tokens& tokens, const Grid& grid,
                      const std::vector<Clip>& clips, int64_t piece = 0) {
  const int64_t width = tokens.x_MD.size(1);
  const TransformQuantise quantise(chain, grid, width, piece > 0 ? piece : width / grid.num_groups(width));
  std::vector<at::Tensor> wanted;
  for (const Clip& clip : clips) wanted.push_back(simulated(chain, tokens, grid, clip));
  for (const InstructionSet set : available_instruction_sets()) {
    const ForcedInstructionSet forced(set);
    const auto views = quantise(tokens.x_MD, tokens.types_M, clips);
    ASSERT_EQ(views.size(), clips.size());
    for (size_t i = 0; i < clips.size(); ++i) {
      expect_well_formed(views[i], grid);
      EXPECT_TRUE(at::equal(values(views[i]), wanted[i])) << name(set) << ", clip " << i;
      EXPECT_TRUE(at::equal(simulated(chain, tokens, grid, clips[i]), wanted[i])) << "simulated on " << name(set);
    }
  }
}

struct Shape {
  int64_t left, right;
};

class KroneckerShapes : public testing::TestWithParam<Shape> {};

TEST_P(KroneckerShapes, GiveTheSimulatedCodes) {
  at::manual_seed(1);
  const auto [left, right] = GetParam();
  const int64_t width = left * right;
  const TransformChain chain = {random_scale(width), random_kronecker(left, right)};
  for (const int64_t rows : {1, 2, 7, 33})
    expect_simulated(chain, random_tokens(rows, width, 2), {4, true}, {Clip{}, random_clip(2)});
  expect_simulated({random_kronecker(left, 0)}, random_tokens(5, width, 1), {4, true}, {Clip{}});
  expect_simulated({random_kronecker(0, right)}, random_tokens(5, width, 1), {4, true}, {Clip{}});
}

INSTANTIATE_TEST_SUITE_P(Sizes, KroneckerShapes,
                         testing::Values(Shape{1, 2}, Shape{1, 31}, Shape{2, 3}, Shape{3, 5}, Shape{7, 9},
                                         Shape{12, 17}, Shape{16, 16}, Shape{24, 24}, Shape{32, 48}, Shape{32, 86},
                                         Shape{43, 50}, Shape{64, 64}, Shape{96, 128}, Shape{128, 148}),
                         [](const auto& one) {
                           return std::to_string(one.param.left) + "x" + std::to_string(one.param.right);
                         });

class HadamardSizes : public testing::TestWithParam<int64_t> {};

TEST_P(HadamardSizes, GiveTheSimulatedCodes) {
  at::manual_seed(2);
  const TransformChain chain = {std::make_shared<HadamardTransform>(GetParam())};
  for (const int64_t rows : {1, 6}) {
    expect_simulated(chain, random_tokens(rows, GetParam(), 1), {4, true}, {Clip{}, Clip::ratio(0.9)});
    expect_simulated(chain, random_tokens(rows, GetParam(), 1), {8, false}, {Clip{}});
  }
}

// Among them a factor alone, a factor and a narrow butterfly, and long butterflies.
INSTANTIATE_TEST_SUITE_P(Sizes, HadamardSizes,
                         testing::Values(1, 2, 8, 12, 24, 32, 40, 96, 172, 576, 1536, 2048, 4864, 18944));

TEST(TransformQuantise, CoversEveryChain) {
  at::manual_seed(3);
  const int64_t width = 96;
  const auto hadamard = std::make_shared<HadamardTransform>(width);
  const auto slices = std::make_shared<SliceTransform>(slice_mask(width, {5, 9, 2}));
  const auto foreign = std::make_shared<ForeignTransform>();
  const std::vector<TransformChain> chains = {
      {},
      {random_scale(width)},
      {slices},
      {random_kronecker(8, 12), slices},
      {hadamard, slices},
      {random_kronecker(8, 12), hadamard, random_scale(width), random_kronecker(4, 24), slices},
      {foreign},
      {random_scale(width), foreign, slices}};
  for (const TransformChain& chain : chains)
    for (const bool symmetric : {true, false})
      expect_simulated(chain, random_tokens(37, width, 3), {4, symmetric}, {Clip{}, random_clip(3), Clip::ratio(0.7)});
}

TEST(TransformQuantise, CoversEveryGrid) {
  at::manual_seed(4);
  for (int bits = 2; bits <= 8; ++bits)
    for (const bool symmetric : {true, false}) {
      expect_simulated({random_kronecker(5, 13)}, random_tokens(9, 65, 2), {bits, symmetric}, {Clip{}, random_clip(2)});
      for (const int64_t group : {48, 16, 6})
        expect_simulated({random_kronecker(6, 8)}, random_tokens(9, 48, 2), {bits, symmetric, group},
                         {Clip{}, random_clip(2)}, group == 6 ? 3 : group / 2);
    }
}

// One sign only: the range is widened to hold 0.
TEST(TransformQuantise, CoversOneSidedTokens) {
  at::manual_seed(5);
  for (const double sign : {1.0, -1.0})
    for (const bool symmetric : {true, false}) {
      Tokens tokens = random_tokens(4, 50, 1);
      tokens.x_MD = (tokens.x_MD.abs() + 3) * sign;
      expect_simulated({}, tokens, {4, symmetric}, {Clip{}, random_clip(1)});
    }
}

// Quotients at and beside the middle between two codes, where a product with the reciprocal would round differently.
TEST(TransformQuantise, RoundsQuotientsLikeTheSimulatedSite) {
  at::manual_seed(6);
  for (const int bits : {4, 8}) {
    const Grid grid = {bits, true};
    const int64_t width = 1 << bits, rows = 400;
    const at::Tensor scale = (at::rand({rows, 1}) + 0.5) * at::exp2(at::randint(-20, 20, {rows, 1}));
    at::Tensor x = (at::arange(width).to(at::kFloat) - static_cast<double>(width / 2) + 0.5) * scale;
    x.select(1, 0).copy_((scale * grid.highest()).squeeze(1));
    const at::Tensor up = at::nextafter(x, at::full_like(x, 1e30)), down = at::nextafter(x, at::full_like(x, -1e30));
    for (const at::Tensor& near : {x, up, down, x * (1 + 3e-7), x * (1 - 3e-7)})
      expect_simulated({}, {near.contiguous(), at::zeros({rows}, at::kLong)}, grid, {Clip{}, Clip::ratio(0.4)});
  }
}

TEST(TransformQuantise, CoversTheSmallestAndTheLargestFloats) {
  at::manual_seed(7);
  for (const double size : {1e-42, 1e-40, 1e-37, 1e-30, 1e30, 1e37, 1e38})
    for (const int bits : {2, 4, 8})
      for (const bool symmetric : {true, false})
        expect_simulated({}, {(at::rand({6, 40}) * 2 - 1) * size, at::zeros({6}, at::kLong)}, {bits, symmetric},
                         {Clip{}});
}

// There the simulated site divides by a scale of 0.
TEST(TransformQuantise, RangesTooSmallForAScaleBecomeZero) {
  for (const bool symmetric : {true, false}) {
    const Grid grid = {8, symmetric};
    const auto views = TransformQuantise({}, grid, 2, 2)(at::tensor({0.0f, 1e-44f}).unsqueeze(0), {}, {Clip{}});
    expect_well_formed(views[0], grid);
    EXPECT_TRUE(values(views[0]).eq(0).all().item<bool>());
  }
}

// Nothing a kernel computes from such a token may look like a number.
TEST(TransformQuantise, InfinityAndNanMakeTheTokenNan) {
  at::manual_seed(8);
  for (const float strange : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                              std::numeric_limits<float>::quiet_NaN()})
    for (const int64_t at : {0, 17, 64, 70})
      for (const InstructionSet set : available_instruction_sets()) {
        const ForcedInstructionSet forced(set);
        Tokens tokens = random_tokens(5, 71, 1);
        tokens.x_MD[1][at] = strange;
        const auto views = TransformQuantise({}, {4, true}, 71, 71)(tokens.x_MD, tokens.types_M, {Clip{}});
        expect_well_formed(views[0], {4, true});
        const at::Tensor nan_rows = values(views[0]).isnan().all(1);
        EXPECT_TRUE(at::equal(nan_rows, at::arange(5) == 1)) << name(set);
      }
}

TEST(TransformQuantise, NoTokensGiveNoRows) {
  const auto views = TransformQuantise({random_kronecker(2, 3)}, {4, true}, 6, 6)(
      at::empty({0, 6}), at::empty({0}, at::kLong), {Clip{}, random_clip(2)});
  EXPECT_EQ(views[1][0].rows(), 0);
}

TEST(TransformQuantise, ThreadsAndNeighboursDoNotMatter) {
  at::manual_seed(9);
  const int64_t width = 24 * 32, rows = 150;
  const TransformChain chain = {random_scale(width), random_kronecker(24, 32),
                                std::make_shared<HadamardTransform>(width)};
  const Tokens tokens = random_tokens(rows, width, 1);
  const TransformQuantise quantise(chain, {4, true}, width, width);
  const auto codes = [&](const Tokens& some) { return quantise(some.x_MD, some.types_M, {Clip{}})[0][0].codes_MP; };
  const at::Tensor wanted = codes(tokens);
  const int before = at::get_num_threads();
  at::set_num_threads(2);
  EXPECT_TRUE(at::equal(codes(tokens), wanted));
  EXPECT_TRUE(at::equal(apply_activation(chain, tokens.x_MD, {}), [&] {
    at::set_num_threads(1);
    return apply_activation(chain, tokens.x_MD, {});
  }()));
  at::set_num_threads(before);
  for (const int64_t row : {0, 77, 149})
    EXPECT_TRUE(at::equal(codes({tokens.x_MD.narrow(0, row, 1), tokens.types_M.narrow(0, row, 1)})[0], wanted[row]));
}

TEST(TransformQuantise, RefusesWhatItCannotDo) {
  EXPECT_THROW(TransformQuantise({}, {16, true}, 8, 8), Defect);
  EXPECT_THROW(TransformQuantise({}, {4, true, 8}, 16, 3), Defect);
  EXPECT_THROW(TransformQuantise({}, {4, true, 5}, 16, 4), UserError);
  const TransformQuantise quantise({std::make_shared<SliceTransform>(slice_mask(8, {1, 1}))}, {4, true}, 8, 8);
  const at::Tensor x = at::ones({2, 8});
  EXPECT_THROW(quantise(at::ones({2, 7}), at::zeros({2}, at::kLong), {Clip{}}), Defect);
  EXPECT_THROW(quantise(x, {}, {Clip{}}), Defect);
  EXPECT_THROW(quantise(x, at::full({2}, 2, at::kLong), {Clip{}}), Defect);
  EXPECT_THROW(quantise(x, at::full({2}, -1, at::kLong), {random_clip(2)}), Defect);
  EXPECT_THROW(quantise(x, at::zeros({3}, at::kLong), {Clip{}}), Defect);
}

}  // namespace
}  // namespace freeact
