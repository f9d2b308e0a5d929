// Properties of the decoder that hold for any weights; its numbers are held against published code in tests/golden.
#include "model/decoder.h"

#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/random_model.h"

namespace freeact {
namespace {

// Float32 sums in another order.
constexpr double kRounding = 2e-5;

at::Tensor ids(std::initializer_list<int64_t> values) {
  return at::tensor(std::vector<int64_t>(values)).unsqueeze(0);
}

double max_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

class DecoderTest : public testing::Test {
 protected:
  at::NoGradGuard no_grad_;
  Decoder model_ = random_llada();
  const at::Tensor text_ = ids({3, 39, 7, 11, 39, 2});
};

TEST_F(DecoderTest, DiffusionModelsSeeWhatComesLater) {
  const at::Tensor changed = ids({3, 39, 7, 11, 39, 5});
  EXPECT_GT(max_difference(model_.logits(text_)[0][0], model_.logits(changed)[0][0]), 1e-3);
}

TEST_F(DecoderTest, CausalModelsDoNot) {
  model_.config.causal = true;
  const at::Tensor changed = ids({3, 39, 7, 11, 39, 5});
  const at::Tensor before = model_.logits(text_), after = model_.logits(changed);
  EXPECT_LT(max_difference(before.slice(1, 0, 5), after.slice(1, 0, 5)), kRounding);
  EXPECT_GT(max_difference(before[0][5], after[0][5]), 1e-3);
}

TEST_F(DecoderTest, TypesTellMasksFromVisibleTokens) {
  EXPECT_TRUE(at::equal(model_.context(text_).types_BT, ids({0, 1, 0, 0, 1, 0})));
}

TEST_F(DecoderTest, AMaskWithoutPadsChangesNothing) {
  EXPECT_TRUE(at::equal(model_.logits(text_, at::ones_like(text_)), model_.logits(text_)));
}

TEST_F(DecoderTest, RowsOfABatchDoNotMeet) {
  const at::Tensor other = ids({9, 8, 39, 39, 1, 0});
  EXPECT_LT(max_difference(model_.logits(at::cat({text_, other}))[1], model_.logits(other)[0]), kRounding);
}

TEST_F(DecoderTest, TrainingAndInferenceAgree) {
  const at::Tensor fast = model_.logits(text_);
  const at::AutoGradMode with_grad(true);
  EXPECT_LT(max_difference(model_.logits(text_), fast), kRounding);
}

TEST_F(DecoderTest, CausalModelsRefusePads) {
  model_.config.causal = true;
  EXPECT_THROW(model_.logits(text_, ids({0, 1, 1, 1, 1, 1})), UserError);
}

// Both rules, pads on either side.
class Padding : public testing::TestWithParam<std::tuple<PaddingRule, bool>> {
 protected:
  Padding() { model_.config.padding = std::get<0>(GetParam()); }
  // The text with two pads before or after it.
  at::Tensor padded(int64_t pad) const {
    const at::Tensor pads = at::full({1, 2}, pad, at::kLong);
    return left_ ? at::cat({pads, text_}, 1) : at::cat({text_, pads}, 1);
  }
  at::Tensor mask() const { return (padded(-1) >= 0).to(at::kLong); }
  at::Tensor real_part(const at::Tensor& logits) const {
    return left_ ? logits.slice(1, 2) : logits.slice(1, 0, logits.size(1) - 2);
  }

  at::NoGradGuard no_grad_;
  const bool left_ = std::get<1>(GetParam());
  Decoder model_ = random_llada();
  const at::Tensor text_ = ids({3, 39, 7, 11, 39, 2});
};

TEST_P(Padding, WhatStandsAtPadsIsNotSeen) {
  EXPECT_TRUE(at::equal(real_part(model_.logits(padded(38), mask())), real_part(model_.logits(padded(5), mask()))));
}

// Rotary scores know distances alone, so a shift of all positions changes rounding only.
TEST_P(Padding, RealTokensComeOutAsWithoutPads) {
  EXPECT_LT(max_difference(real_part(model_.logits(padded(38), mask())), model_.logits(text_)), kRounding);
}

TEST_P(Padding, RowsAtPadsAreNumbersInEveryPrecision) {
  for (const auto dtype : {at::kFloat, at::kBFloat16, at::kHalf}) {
    Decoder model = random_llada(dtype);
    model.config.padding = model_.config.padding;
    EXPECT_TRUE(model.logits(padded(38), mask()).isfinite().all().item<bool>()) << c10::toString(dtype);
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, Padding,
                         testing::Combine(testing::Values(PaddingRule::kKeysOnly, PaddingRule::kQueriesAndKeys),
                                          testing::Bool()));

TEST_F(DecoderTest, PositionsCountPadsOnlyUnderTheKeysRule) {
  const at::Tensor mask = ids({0, 0, 1, 1, 1, 1});
  const at::Tensor from_edge = model_.context(text_, mask).rope.cos;
  model_.config.padding = PaddingRule::kQueriesAndKeys;
  const at::Tensor from_text = model_.context(text_, mask).rope.cos;
  EXPECT_TRUE(at::equal(from_edge, model_.context(text_).rope.cos));
  EXPECT_TRUE(at::equal(from_text.select(2, 2), at::ones({1, 1, model_.config.head_width})));  // position 0
}

TEST_F(DecoderTest, ObserversSeeEverySite) {
  std::set<std::string> points;
  const Observer observer = [&](const std::string& point, const at::Tensor&) { points.insert(point); };
  ForwardContext context = model_.context(text_);
  context.observer = &observer;
  const at::Tensor logits = model_.logits(text_, context);
  EXPECT_TRUE(at::equal(logits, model_.logits(text_)));
  for (const char* site : kSiteNames) EXPECT_TRUE(points.contains(fmt::format("block1.{}.input", site))) << site;
  EXPECT_TRUE(points.contains("embed") && points.contains("block1") && points.contains("final_norm"));
}

}  // namespace
}  // namespace freeact
