#include "ops/ops.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ops/kronecker.h"

namespace freeact {
namespace {

at::Tensor random(at::IntArrayRef shape, uint64_t seed = 1) {
  return gaussian(shape, seed);
}

double max_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

TEST(RmsNorm, FollowsItsFormula) {
  const at::Tensor x = at::tensor({3.0F, 4.0F, 0.0F, 0.0F}), weight = at::tensor({1.0F, 2.0F, 3.0F, 4.0F});
  const double eps = 0.25, scale = 1 / std::sqrt(25.0 / 4 + eps);
  const at::Tensor expected = at::tensor({3.0, 8.0, 0.0, 0.0}) * scale;
  EXPECT_LT(max_difference(rms_norm(x, weight, eps), expected), 1e-6);
}

TEST(RmsNorm, EpsDecidesForSmallRows) {
  const at::Tensor x = at::full({1, 8}, 1e-4F), weight = at::ones({8});
  EXPECT_NEAR(rms_norm(x, weight, 1e-8)[0][0].item<double>(), std::sqrt(0.5), 1e-5);
  EXPECT_NEAR(rms_norm(x, weight, 1e-12)[0][0].item<double>(), 1.0, 1e-4);
  EXPECT_TRUE(rms_norm(at::zeros({1, 8}), weight, 1e-6).isfinite().all().item<bool>());
}

TEST(RmsNorm, TakesTheMeanInFloat32) {
  // Half overflows at 65504: the square of 300 does not fit.
  const at::Tensor x = at::full({1, 4}, 300.0, at::kHalf);
  const at::Tensor y = rms_norm(x, at::ones({4}, at::kHalf), 1e-6);
  EXPECT_EQ(y.scalar_type(), at::kHalf);
  EXPECT_NEAR(y[0][0].item<double>(), 1.0, 1e-3);
}

// Where a gradient is asked for, the library's own operations run, one after the other.
at::Tensor with_gradient(const at::Tensor& x) {
  return x.clone().requires_grad_(true);
}

TEST(RmsNorm, OnePassRoundsAsTheSeparateOperationsDo) {
  const at::Tensor x = random({3, 5, 37}).to(at::kFloat), weight = random({37}, 2).to(at::kFloat);
  for (const at::Tensor& view : {x, x.transpose(0, 1), x.slice(1, 1, 4)})
    EXPECT_TRUE(at::equal(rms_norm(view, weight, 1e-5), rms_norm(with_gradient(view), weight, 1e-5).detach()));
}

class Rope : public testing::Test {
 protected:
  static constexpr int64_t kWidth = 16;
  static constexpr double kTheta = 500000.0;
  static at::Tensor rotate(const at::Tensor& x, int64_t position) {
    return apply_rope(x.view({1, 1, 1, kWidth}), rope_table(at::tensor({position}).view({1, 1}), kWidth, kTheta))
        .view({kWidth});
  }
};

TEST_F(Rope, RotatesPairsHalfAHeadApart) {
  const at::Tensor x = random({kWidth}).to(at::kFloat);
  const int64_t position = 7, half = kWidth / 2;
  at::Tensor expected = at::empty({kWidth});
  for (int64_t i = 0; i < half; ++i) {
    const double angle = static_cast<double>(position) * std::pow(kTheta, -2.0 * static_cast<double>(i) / kWidth);
    const double a = x[i].item<double>(), b = x[i + half].item<double>();
    expected[i] = a * std::cos(angle) - b * std::sin(angle);
    expected[i + half] = b * std::cos(angle) + a * std::sin(angle);
  }
  EXPECT_LT(max_difference(rotate(x, position), expected), 1e-5);
}

TEST_F(Rope, OnePassRoundsAsTheSeparateOperationsDo) {
  const at::Tensor x = random({2, 7, 3, kWidth}).to(at::kFloat);  // tokens before heads, as linears leave them
  const at::Tensor positions = at::arange(7, at::kLong);
  for (const at::Tensor& of_batch : {positions.view({1, 7}), at::stack({positions, positions + 4})}) {
    const RopeTable table = rope_table(of_batch, kWidth, kTheta);
    for (const at::Tensor& heads : {x.transpose(1, 2), x.transpose(1, 2).contiguous()})
      EXPECT_TRUE(at::equal(apply_rope(heads, table), apply_rope(with_gradient(heads), table).detach()));
    const RopeTable window = {table.cos.slice(2, 2, 5), table.sin.slice(2, 2, 5)};
    const at::Tensor part = x.transpose(1, 2).slice(2, 2, 5);
    EXPECT_TRUE(at::equal(apply_rope(part, window), apply_rope(with_gradient(part), window).detach()));
  }
}

TEST_F(Rope, KeepsLengthsAndTheFirstPosition) {
  const at::Tensor x = random({kWidth}).to(at::kFloat);
  EXPECT_TRUE(at::equal(rotate(x, 0), x));
  for (const int64_t position : {1, 100, 4000}) {
    EXPECT_NEAR(rotate(x, position).norm().item<double>(), x.norm().item<double>(), 1e-5);
    EXPECT_GT(max_difference(rotate(x, position), x), 1e-3);
  }
}

TEST_F(Rope, ScoresDependOnTheDistanceAlone) {
  const at::Tensor q = random({kWidth}, 1).to(at::kFloat), k = random({kWidth}, 2).to(at::kFloat);
  const auto score = [&](int64_t i, int64_t j) { return rotate(q, i).dot(rotate(k, j)).item<double>(); };
  EXPECT_NEAR(score(5, 3), score(205, 203), 1e-3);
  EXPECT_GT(std::abs(score(5, 3) - score(5, 2)), 1e-2);
}

TEST_F(Rope, AFloat32TableRotatesBfloat16InFloat32) {
  const at::Tensor x = random({kWidth}).to(at::kBFloat16);
  const at::Tensor turned = rotate(x, 9);
  EXPECT_EQ(turned.scalar_type(), at::kBFloat16);
  EXPECT_TRUE(at::equal(turned, rotate(x.to(at::kFloat), 9).to(at::kBFloat16)));
}

struct AttentionCase {
  const char* name;
  int64_t heads, key_heads;
  bool bias, causal;
};

class Attention : public testing::TestWithParam<AttentionCase> {};

TEST_P(Attention, FastIsTheSameAsWrittenOut) {
  const auto& c = GetParam();
  constexpr int64_t kBatch = 2, kTokens = 7, kWidth = 8;
  const at::Tensor q = random({kBatch, c.heads, kTokens, kWidth}, 1);
  const at::Tensor k = random({kBatch, c.key_heads, kTokens, kWidth}, 2);
  const at::Tensor v = random({kBatch, c.key_heads, kTokens, kWidth}, 3);
  const at::Tensor bias = c.bias ? random({kBatch, 1, 1, kTokens}, 4) * 3 : at::Tensor();
  EXPECT_LT(max_difference(attention(q, k, v, bias, c.causal), attention_naive(q, k, v, bias, c.causal)), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(
    All, Attention,
    testing::Values(AttentionCase{"plain", 4, 4, false, false}, AttentionCase{"grouped", 6, 2, false, false},
                    AttentionCase{"one_key_head", 4, 1, true, false}, AttentionCase{"bias", 4, 4, true, false},
                    AttentionCase{"causal", 4, 4, false, true}, AttentionCase{"grouped_causal", 6, 3, false, true}),
    [](const auto& test) { return test.param.name; });

TEST(AttentionNaive, NeighbouringQueryHeadsShareAKeyHead) {
  const at::Tensor q = random({1, 4, 3, 8}, 1), k = random({1, 2, 3, 8}, 2), v = random({1, 2, 3, 8}, 3);
  const at::Tensor all = attention_naive(q, k, v, {}, false);
  for (int64_t head = 0; head < 4; ++head) {
    const int64_t group = head / 2;
    const at::Tensor scores = at::matmul(q[0][head], k[0][group].t()) / std::sqrt(8.0);
    EXPECT_LT(max_difference(all[0][head], at::matmul(at::softmax(scores, -1), v[0][group])), 1e-12) << head;
  }
}

TEST(AttentionNaive, HiddenKeysCountForNothing) {
  const at::Tensor q = random({1, 2, 3, 8}, 1), k = random({1, 2, 3, 8}, 2), v = random({1, 2, 3, 8}, 3);
  at::Tensor bias = at::zeros({1, 1, 1, 3}, at::kDouble);
  bias.select(-1, 1).fill_(-3e38);
  at::Tensor other_v = v.clone();
  other_v.select(2, 1).fill_(1e6);
  EXPECT_TRUE(at::equal(attention_naive(q, k, v, bias, false), attention_naive(q, k, other_v, bias, false)));
}

// A cache holds the keys of what came before; the queries are the last of its positions.
TEST(CausalAttention, TheLastQueriesComeOutAsAmongAll) {
  constexpr int64_t kTokens = 7;
  const at::Tensor q = random({2, 6, kTokens, 8}, 1), k = random({2, 3, kTokens, 8}, 2),
                   v = random({2, 3, kTokens, 8}, 3);
  const at::Tensor all = attention_naive(q, k, v, {}, true);
  for (const int64_t begin : {0, 2, 6}) {
    const at::Tensor last = q.slice(2, begin), expected = all.slice(2, begin);
    EXPECT_LT(max_difference(attention(last, k, v, {}, true), expected), 1e-12) << begin;
    EXPECT_LT(max_difference(attention_naive(last, k, v, {}, true), expected), 1e-12) << begin;
  }
}

TEST(Kronecker, IsTheSameAsTheFullMatrix) {
  for (const auto& [rows, columns] : std::vector<std::pair<int64_t, int64_t>>{{2, 6}, {7, 3}, {1, 5}, {5, 1}}) {
    const at::Tensor x = random({4, 3, rows * columns}, 1);
    const at::Tensor left = random({rows, rows}, 2), right = random({columns, columns}, 3);
    EXPECT_LT(max_difference(kronecker_apply(x, left, right), kronecker_apply_naive(x, left, right)), 1e-12);
    EXPECT_LT(max_difference(kronecker_apply(x, left, {}), kronecker_apply(x, left, at::eye(columns, at::kDouble))),
              1e-12);
    EXPECT_LT(max_difference(kronecker_apply(x, {}, right), kronecker_apply(x, at::eye(rows, at::kDouble), right)),
              1e-12);
  }
}

// The written-out gradient against that of the whole matrix, with and without a scale, also where only some inputs are
// trained.
TEST(Kronecker, HasTheGradientOfTheFullMatrix) {
  for (const bool with_scale : {true, false})
    for (const bool trains_x : {true, false}) {
      const at::Tensor weights = random({4, 3, 14}, 5);
      const auto gradients = [&](const auto& product) {
        const at::Tensor x = random({4, 3, 14}, 1).requires_grad_(trains_x),
                         left = random({2, 2}, 2).requires_grad_(true), right = random({7, 7}, 3).requires_grad_(true),
                         scale = with_scale ? random({14}, 4).requires_grad_(true) : at::Tensor();
        (product(x, scale, left, right) * weights).sum().backward();
        std::vector<at::Tensor> all = {left.grad(), right.grad()};
        if (trains_x) all.push_back(x.grad());
        if (with_scale) all.push_back(scale.grad());
        return all;
      };
      const auto written_out = gradients(scaled_kronecker);
      const auto composed = gradients([](const auto& x, const auto& scale, const auto& left, const auto& right) {
        return kronecker_apply_naive(scale.defined() ? x * scale : x, left, right);
      });
      for (size_t i = 0; i < composed.size(); ++i) EXPECT_LT(max_difference(written_out[i], composed[i]), 1e-12) << i;
    }
}

class Cayley : public testing::TestWithParam<int64_t> {};

TEST_P(Cayley, IsOrthogonalWithDeterminantOne) {
  const at::Tensor q = cayley(random({GetParam(), GetParam()}, 5));
  EXPECT_LT(max_difference(at::matmul(q, q.t()), at::eye(GetParam(), at::kDouble)), 1e-12);
  EXPECT_NEAR(at::det(q).item<double>(), 1.0, 1e-10);
}

INSTANTIATE_TEST_SUITE_P(Sizes, Cayley, testing::Values(1, 2, 7, 28, 64));

TEST(CayleyParameter, OnlyTheStrictlyLowerPartMatters) {
  const at::Tensor raw = random({6, 6}, 6);
  EXPECT_TRUE(at::equal(cayley(at::zeros({6, 6}, at::kDouble)), at::eye(6, at::kDouble)));
  EXPECT_TRUE(at::equal(cayley(raw + at::triu(random({6, 6}, 7))), cayley(raw)));
  at::Tensor parameter = raw.clone().requires_grad_(true);
  (cayley(parameter) * random({6, 6}, 8)).sum().backward();
  EXPECT_EQ(at::triu(parameter.grad()).abs().max().item<double>(), 0.0);
  EXPECT_GT(at::tril(parameter.grad(), -1).abs().max().item<double>(), 0.0);
}

TEST(OrthogonalFromGaussian, IsOrthogonalAndUnique) {
  const at::Tensor g = random({9, 9}, 9);
  const at::Tensor q = orthogonal_from_gaussian(g);
  EXPECT_LT(max_difference(at::matmul(q.t(), q), at::eye(9, at::kDouble)), 1e-12);
  // q^T g is the triangular factor; a positive diagonal makes the pair unique.
  const at::Tensor r = at::matmul(q.t(), g);
  EXPECT_LT(at::tril(r, -1).abs().max().item<double>(), 1e-12);
  EXPECT_TRUE((at::diagonal(r) > 0).all().item<bool>());
}

TEST(Gaussian, FollowsItsSeed) {
  EXPECT_TRUE(at::equal(gaussian({5}, 3), gaussian({5}, 3)));
  EXPECT_FALSE(at::equal(gaussian({5}, 3), gaussian({5}, 4)));
}

}  // namespace
}  // namespace freeact
