#include "generation/noise.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "util/random.h"

namespace freeact {
namespace {

TEST(UniformAt, CounterNIsNumberNOfTheSequence) {
  for (const uint64_t seed : {uint64_t{0}, uint64_t{1}, ~uint64_t{5}}) {
    Random sequence(seed);
    std::vector<double> expected;
    for (int i = 0; i < 1000; ++i) expected.push_back(sequence.uniform());
    EXPECT_TRUE(at::equal(uniform_at(at::arange(1000), seed), at::tensor(expected)));
  }
}

TEST(StepNoise, WhatAPlaceDrawsDoesNotDependOnTheOthers) {
  const StepNoise noise(7, 2);
  const at::Tensor all = noise.uniform("token", at::arange(6), 5);
  EXPECT_TRUE(at::equal(noise.uniform("token", at::tensor(std::vector<int64_t>{4, 1}), 5),
                        all.index_select(0, at::tensor(std::vector<int64_t>{4, 1}))));
  EXPECT_EQ(std::get<0>(at::_unique(all)).numel(), all.numel());
}

TEST(StepNoise, StepsPurposesAndSeedsDrawTheirOwn) {
  const at::Tensor places = at::arange(6), one = StepNoise(7, 2).uniform("token", places, 5);
  EXPECT_FALSE(at::equal(StepNoise(7, 3).uniform("token", places, 5), one));
  EXPECT_FALSE(at::equal(StepNoise(8, 2).uniform("token", places, 5), one));
  EXPECT_FALSE(at::equal(StepNoise(7, 2).uniform("order", places, 5), one));
}

// Two tokens of probability 0.3 and 0.7: the maximum of log p + noise is the second one in 70 % of the draws.
TEST(Gumbel, TheMaximumFollowsTheProbabilities) {
  constexpr int64_t kDraws = 20000;
  const at::Tensor noise = gumbel(StepNoise(1, 0).uniform("token", at::arange(kDraws), 2));
  const at::Tensor second = (at::tensor({0.3, 0.7}).log() + noise).argmax(-1);
  EXPECT_NEAR(second.to(at::kDouble).mean().item<double>(), 0.7, 0.015);  // over four standard deviations
}

}  // namespace
}  // namespace freeact
