#include "generation/likelihood.h"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <map>

#include "../model/random_model.h"

namespace freeact {
namespace {

using Ids = std::vector<int64_t>;

const Ids kPrompt = {5, 6, 7}, kAnswer = {11, 12, 13, 14};

struct Exact {
  double mean = 0, variance = 0;  // of one draw
};

// Over all 15 ways to mask one to four of the answer's tokens, one sequence at a time.
Exact enumerate(const Decoder& model, double cfg_scale) {
  const double ways[] = {0, 4, 6, 4, 1};
  Ids joined = kPrompt;
  joined.insert(joined.end(), kAnswer.begin(), kAnswer.end());
  double mean = 0, square = 0;
  for (unsigned set = 1; set < 16; ++set) {
    Ids seen = joined;
    for (size_t i = 0; i < 4; ++i)
      if (set >> i & 1U) seen[3 + i] = model.config.mask_id;
    Ids blind = seen;
    std::fill(blind.begin(), blind.begin() + 3, model.config.mask_id);
    const at::Tensor with = aligned_logits(model, at::tensor(seen).unsqueeze(0))[0];
    const at::Tensor without = aligned_logits(model, at::tensor(blind).unsqueeze(0))[0];
    const at::Tensor log_p = at::log_softmax(without + (cfg_scale + 1) * (with - without), -1, at::kDouble);
    const int k = std::popcount(set);
    double nll = 0;
    for (size_t i = 0; i < 4; ++i)
      if (set >> i & 1U) nll -= 4.0 / k * log_p[static_cast<int64_t>(3 + i)][kAnswer[i]].item<double>();
    const double probability = 1.0 / 4 / ways[k];
    mean += probability * nll;
    square += probability * nll * nll;
  }
  return {mean, square - mean * mean};
}

TEST(MaskCounts, AFullBatchMasksEveryCountOnce) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    auto counts = spaced_mask_counts(7, 7, random);
    std::sort(counts.begin(), counts.end());
    EXPECT_THAT(counts, testing::ElementsAre(1, 2, 3, 4, 5, 6, 7));
  }
}

TEST(MaskCounts, AreEvenlySpacedFromARandomStart) {
  std::set<int64_t> starts;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const auto counts = spaced_mask_counts(4, 8, random);
    starts.insert(counts[0]);
    for (size_t i = 1; i < counts.size(); ++i) EXPECT_EQ((counts[i] - counts[i - 1] + 8) % 8, 2);
  }
  EXPECT_THAT(starts, testing::ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
}

TEST(MaskCounts, EachDrawIsUniformByItselfEvenWhenTheSpacingIsRounded) {
  std::map<int64_t, int> times;
  for (uint64_t seed = 0; seed < 6000; ++seed) {
    Random random(seed);
    ++times[spaced_mask_counts(4, 6, random)[1]];  // 1.5 from the start
  }
  ASSERT_EQ(times.size(), 6U);
  for (const auto& [count, number] : times) EXPECT_NEAR(number, 1000, 150) << count;  // 5 standard deviations
}

TEST(MonteCarlo, ApproachesTheEnumeratedValue) {
  for (const Decoder& model : {random_llada(), random_dream()})
    for (const double cfg_scale : {0.0, 0.5}) {
      const Exact exact = enumerate(model, cfg_scale);
      const MonteCarloSettings settings = {.draws = 3000, .batch_size = 50, .cfg_scale = cfg_scale};
      const double error = std::sqrt(exact.variance / static_cast<double>(settings.draws));
      EXPECT_NEAR(monte_carlo_nll(model, kPrompt, kAnswer, settings, 7), exact.mean, 4 * error)
          << model.config.family << " at guidance " << cfg_scale;
    }
}

TEST(MonteCarlo, FollowsItsSeed) {
  const Decoder model = random_llada();
  const auto value = [&](uint64_t seed) { return monte_carlo_nll(model, kPrompt, kAnswer, {.draws = 20}, seed); };
  EXPECT_EQ(value(1), value(1));
  EXPECT_NE(value(1), value(2));
}

TEST(MonteCarlo, OfOneTokenIsExactAfterOneDraw) {
  const Decoder model = random_llada();
  const at::Tensor ids = at::tensor({int64_t{5}, int64_t{6}, model.config.mask_id}).unsqueeze(0);
  const double exact = -at::log_softmax(model.logits(ids)[0][2], -1)[9].item<double>();
  for (const int64_t draws : {1, 128})
    EXPECT_NEAR(monte_carlo_nll(model, {5, 6}, {9}, {.draws = draws}, 3), exact, 1e-5);
}

TEST(MonteCarlo, RefusesWhatHasNoLikelihood) {
  const Decoder model = random_llada();
  EXPECT_THROW(monte_carlo_nll(model, {5}, {}, {}, 0), UserError);
  EXPECT_THROW(monte_carlo_nll(model, {5}, {6}, {.draws = 0}, 0), UserError);
  EXPECT_THROW(monte_carlo_nll(model, {5}, {6}, {.batch_size = 0}, 0), UserError);
  EXPECT_THROW(monte_carlo_nll(model, {5}, {6}, {.cfg_scale = -1}, 0), UserError);
  Decoder autoregressive = model;
  autoregressive.config.mask_id = -1;
  EXPECT_THROW(monte_carlo_nll(autoregressive, {5}, {6}, {}, 0), UserError);
}

TEST(LeftToRight, IsTheSumOverGrowingPrefixes) {
  const Family family = llama_family();
  const Decoder model = random_decoder(family.read_config(llama_config()), family.modules);
  Ids prefix = kPrompt;
  double nll = 0;
  for (const int64_t id : kAnswer) {
    const at::Tensor last = model.logits(at::tensor(prefix).unsqueeze(0))[0][-1];
    nll -= at::log_softmax(last, -1)[id].item<double>();
    prefix.push_back(id);
  }
  EXPECT_NEAR(left_to_right_nll(model, kPrompt, kAnswer), nll, 1e-4);
  EXPECT_THROW(left_to_right_nll(model, Ids{}, kAnswer), UserError);
  EXPECT_THROW(left_to_right_nll(model, kPrompt, {}), UserError);
}

TEST(MaskedTokenNll, LooksAtMaskedPositionsOnly) {
  for (const Decoder& model : {random_llada(), random_dream()}) {
    const int64_t mask = model.config.mask_id;
    const at::Tensor targets = at::tensor(Ids{5, 6, 7, 8, 9, 10}).view({2, 3});
    const at::Tensor ids = at::tensor(Ids{5, mask, mask, mask, 9, 10}).view({2, 3});
    const at::Tensor nll = masked_token_nll(model, ids, targets, ids == mask);
    const at::Tensor log_p = at::log_softmax(aligned_logits(model, ids), -1);
    ASSERT_EQ(nll.size(0), 3);
    EXPECT_NEAR(nll[1].item<double>(), -log_p[0][2][7].item<double>(), 1e-5);
    EXPECT_NEAR(nll[2].item<double>(), -log_p[1][0][8].item<double>(), 1e-5);
  }
}

}  // namespace
}  // namespace freeact
