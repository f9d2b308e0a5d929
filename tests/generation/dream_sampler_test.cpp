// Properties of Dream's sampler that hold for any weights; its numbers are held against published code in tests/golden.
#include "generation/dream_sampler.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "model/random_model.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr int64_t kMask = 39;

at::Tensor ids(const std::vector<int64_t>& values) {
  return at::tensor(values);
}

at::Tensor prompt() {
  return ids({1, 2, 3, 4, 5, 6}).view({2, 3});
}

DiffusionSettings settings(int64_t length, int64_t steps, const std::string& alg = "entropy") {
  DiffusionSettings s;
  s.max_new_tokens = length;
  s.steps = steps;
  s.alg = alg;
  return s;
}

int64_t count_masks(const at::Tensor& tokens) {
  return (tokens == kMask).sum().item<int64_t>();
}

// [M, V] with one row.
at::Tensor logits_of(const std::vector<double>& probabilities) {
  return at::tensor(probabilities).log().unsqueeze(0);
}

void expect_probabilities(const at::Tensor& p, const std::vector<double>& expected) {
  EXPECT_TRUE(at::allclose(p, at::tensor(expected).unsqueeze(0), 0, 1e-12)) << p;
}

class DreamSampler : public testing::Test {
 protected:
  // A trained model never predicts a mask: this one only where all other logits are negative.
  DreamSampler() { model_.head.weight[kMask].fill_(0); }
  at::Tensor run(const DiffusionSettings& s, uint64_t seed = 0) const {
    return generate(model_, prompt(), s, {}, seed);
  }
  // Tokens each step writes, one vector per row of the prompt.
  std::vector<std::vector<int64_t>> written_per_step(const DiffusionSettings& s) const {
    std::vector<std::vector<int64_t>> counts(2);
    at::Tensor before = append_masks(prompt(), {}, s.max_new_tokens, kMask).tokens_BL;
    generate(model_, prompt(), s, {}, 0, [&](const at::Tensor& tokens, const at::Tensor&, const at::Tensor&) {
      for (int64_t row = 0; row < 2; ++row)
        counts[static_cast<size_t>(row)].push_back((tokens[row] != before[row]).sum().item<int64_t>());
      before = tokens;
    });
    return counts;
  }
  void expect_refused(const DiffusionSettings& s, const std::string& text) const {
    EXPECT_THAT([&] { run(s); }, testing::ThrowsMessage<UserError>(testing::HasSubstr(text)));
  }
  Decoder model_ = random_dream();
};

TEST(DiffusionTransfers, FollowTheTimesAndTheLastStepWritesAll) {
  // Times 1, 0.75, 0.5, 0.25, 0 write 1/4, 1/3, 1/2 of what is left, and all of it.
  const at::Tensor masked = ids({12, 9, 0});
  EXPECT_TRUE(at::equal(diffusion_transfers(masked, 0, 4, 0), ids({3, 2, 0})));
  EXPECT_TRUE(at::equal(diffusion_transfers(masked, 2, 4, 0), ids({6, 4, 0})));
  EXPECT_TRUE(at::equal(diffusion_transfers(masked, 3, 4, 0), masked));
  EXPECT_TRUE(at::equal(diffusion_transfers(masked, 0, 1, 0.3), masked));
}

TEST_F(DreamSampler, AsManyStepsAsTokensBeginWithoutAnyAndEndWithTwo) {
  for (const auto& row : written_per_step(settings(6, 6))) EXPECT_EQ(row, (std::vector<int64_t>{0, 1, 1, 1, 1, 2}));
}

TEST_F(DreamSampler, ALargeEpsLeavesMostToTheLastStep) {
  for (const auto& row : written_per_step(settings(12, 3, "maskgit_plus"))) EXPECT_LT(row.back(), 6);
  auto late = settings(12, 3, "maskgit_plus");
  late.eps = 0.9;
  for (const auto& row : written_per_step(late)) EXPECT_EQ(row, (std::vector<int64_t>{0, 0, 12}));
}

TEST_F(DreamSampler, EveryAlgorithmLeavesNoMasksAndKeepsThePrompt) {
  for (const char* alg : {"origin", "maskgit_plus", "topk_margin", "entropy"})
    for (const int64_t steps : {1, 3, 8, 20}) {
      const at::Tensor tokens = run(settings(8, steps, alg));
      EXPECT_EQ(tokens.size(1), 11);
      EXPECT_EQ(count_masks(tokens), 0) << alg << " " << steps;
      EXPECT_TRUE(at::equal(tokens.slice(1, 0, 3), prompt()));
    }
}

TEST_F(DreamSampler, RowsDoNotDependOnTheirBatch) {
  const at::Tensor start = ids({kMask, 1, kMask, kMask, 2, 3, kMask, 4, 5, 6}).view({2, 5});
  const at::Tensor together = unmask(model_, start, settings(0, 3));
  for (int64_t row = 0; row < 2; ++row)
    EXPECT_TRUE(
        at::equal(together.slice(0, row, row + 1), unmask(model_, start.slice(0, row, row + 1), settings(0, 3))));
  const at::Tensor given = start != kMask;
  EXPECT_TRUE(at::equal(together.index({given}), start.index({given})));
}

TEST_F(DreamSampler, APositionIsPredictedByTheRowBeforeIt) {
  const at::Tensor start = ids({1, 2, kMask, 3}).unsqueeze(0);
  const at::Tensor tokens = unmask(model_, start, settings(0, 1));
  EXPECT_EQ(tokens[0][2].item<int64_t>(), model_.logits(start)[0][1].argmax().item<int64_t>());
}

TEST_F(DreamSampler, NothingLeftOpenIsMoreConfidentThanWhatWasWritten) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  at::Tensor before = append_masks(prompt(), {}, 12, kMask).tokens_BL;
  generate(model_, prompt(), settings(12, 4, "topk_margin"), {}, 0,
           [&](const at::Tensor& tokens, const at::Tensor& predicted, const at::Tensor& confidence) {
             const at::Tensor written = tokens != before;
             const at::Tensor lowest = confidence.masked_fill(at::logical_not(written), kInfinity).amin(-1);
             EXPECT_TRUE((lowest >= confidence.masked_fill(written, -kInfinity).amax(-1)).all().item<bool>());
             EXPECT_TRUE(at::equal(tokens, at::where(written, predicted, before)));
             before = tokens;
           });
}

TEST_F(DreamSampler, PaddedPromptsComeOutAsUnpaddedOnes) {
  const at::Tensor padded = ids({38, 38, 7, 8}).unsqueeze(0), mask = ids({0, 0, 1, 1}).unsqueeze(0);
  const at::Tensor alone = generate(model_, ids({7, 8}).unsqueeze(0), settings(6, 4));
  EXPECT_TRUE(at::equal(generate(model_, padded, settings(6, 4), mask).slice(1, 2), alone));
}

TEST_F(DreamSampler, WithoutNoiseTheSeedDoesNotMatter) {
  for (const char* alg : {"maskgit_plus", "topk_margin", "entropy"})
    EXPECT_TRUE(at::equal(run(settings(8, 8, alg), 1), run(settings(8, 8, alg), 2))) << alg;
}

TEST_F(DreamSampler, NoiseFollowsTheSeed) {
  auto noisy = settings(12, 6);
  noisy.temperature = 2.0;
  auto order = settings(12, 6);
  order.alg_temp = 5.0;
  for (const auto& s : {noisy, order, settings(12, 6, "origin")}) {
    EXPECT_TRUE(at::equal(run(s, 1), run(s, 1)));
    EXPECT_FALSE(at::equal(run(s, 1), run(s, 2)));
  }
}

TEST_F(DreamSampler, ARandomOrderWritesAsManyTokens) {
  auto s = settings(12, 6);
  const auto counts = written_per_step(s);
  s.alg_temp = 5.0;
  EXPECT_EQ(written_per_step(s), counts);
}

TEST_F(DreamSampler, OfOneTokenEvenAHotSamplerTakesTheBest) {
  auto s = settings(8, 1, "maskgit_plus");  // one step, so that the order does not matter
  const at::Tensor coldest = run(s);
  s.temperature = 5.0;
  s.top_k = 1;
  EXPECT_TRUE(at::equal(run(s, 3), coldest));
}

TEST_F(DreamSampler, BlocksAreFilledFromLeftToRightOnTheirOwnSchedule) {
  auto s = settings(12, 12);
  s.block_length = 4;
  at::Tensor before = append_masks(prompt(), {}, 12, kMask).tokens_BL;
  std::vector<int64_t> counts, columns;
  generate(model_, prompt(), s, {}, 0, [&](const at::Tensor& tokens, const at::Tensor&, const at::Tensor&) {
    const at::Tensor written = (tokens != before)[0].nonzero().squeeze(-1);
    for (int64_t i = 0; i < written.size(0); ++i) columns.push_back((written[i].item<int64_t>() - 3) / 4);
    counts.push_back(written.size(0));
    before = tokens;
  });
  EXPECT_THAT(counts, testing::ElementsAre(0, 1, 1, 2, 0, 1, 1, 2, 0, 1, 1, 2));
  EXPECT_TRUE(std::is_sorted(columns.begin(), columns.end()));
}

TEST_F(DreamSampler, OneBlockIsTheDefault) {
  auto s = settings(12, 5);
  const at::Tensor tokens = run(s);
  s.block_length = 12;
  EXPECT_TRUE(at::equal(run(s), tokens));
}

TEST_F(DreamSampler, BlocksOfASequenceCountFromItsFirstMask) {
  auto s = settings(8, 8);
  s.block_length = 4;
  const at::Tensor start = append_masks(prompt(), {}, 8, kMask).tokens_BL;
  EXPECT_TRUE(at::equal(unmask(model_, start, s), run(s)));
}

// With one token kept all are equally confident, and the leftmost is written first.
TEST_F(DreamSampler, RawLogitsRankAsIfNothingWereCut) {
  const auto uncut = settings(8, 8, "maskgit_plus");
  auto cut = uncut;
  cut.top_k = 1;
  EXPECT_FALSE(at::equal(run(cut), run(uncut)));
  cut.confidence = "raw_logits";
  EXPECT_TRUE(at::equal(run(cut), run(uncut)));
}

TEST(CutProbabilities, TopPKeepsTheTokenThatCrossesTheThreshold) {
  const at::Tensor logits = logits_of({0.1, 0.5, 0.15, 0.25});
  expect_probabilities(cut_probabilities(logits, 0, 0.6, 0), {0, 2.0 / 3, 0, 1.0 / 3});
  expect_probabilities(cut_probabilities(logits, 0, 0.01, 0), {0, 1, 0, 0});
  expect_probabilities(cut_probabilities(logits, 0, 1, 0), {0.1, 0.5, 0.15, 0.25});
}

TEST(CutProbabilities, TopKKeepsTheHighest) {
  const at::Tensor logits = logits_of({0.1, 0.5, 0.15, 0.25});
  expect_probabilities(cut_probabilities(logits, 0, 1, 2), {0, 2.0 / 3, 0, 1.0 / 3});
  expect_probabilities(cut_probabilities(logits, 0, 1, 99), {0.1, 0.5, 0.15, 0.25});
}

TEST(CutProbabilities, TheTemperatureComesBeforeTheCuts) {
  // Squares: 0.01, 0.25, 0.0225, 0.0625 of 0.345, so that the best token alone has more than 0.7.
  expect_probabilities(cut_probabilities(logits_of({0.1, 0.5, 0.15, 0.25}), 0.5, 0.7, 0), {0, 1, 0, 0});
}

TEST_F(DreamSampler, SettingsOutOfRangeAreRefused) {
  expect_refused(settings(8, 0), "steps");
  expect_refused(settings(0, 8), "max_new_tokens");
  expect_refused(settings(8, 8, "entropie"), "did you mean 'entropy'");
  const auto refused = [&](auto DiffusionSettings::*member, auto value, const char* text) {
    DiffusionSettings s = settings(8, 8);
    s.*member = value;
    expect_refused(s, text);
  };
  refused(&DiffusionSettings::eps, 1.0, "eps");
  refused(&DiffusionSettings::temperature, -0.1, "temperature");
  refused(&DiffusionSettings::top_p, 0.0, "top_p");
  refused(&DiffusionSettings::top_p, 1.5, "top_p");
  refused(&DiffusionSettings::top_k, int64_t{-1}, "top_k");
  refused(&DiffusionSettings::alg_temp, -1.0, "alg_temp");
  refused(&DiffusionSettings::block_length, int64_t{3}, "no multiple of block_length 3");
  refused(&DiffusionSettings::block_length, int64_t{-1}, "block_length");
  refused(&DiffusionSettings::confidence, std::string("raw_logit"), "did you mean 'raw_logits'");
  auto uneven = settings(8, 3);
  uneven.block_length = 4;
  expect_refused(uneven, "steps 3 is no multiple of the 2 blocks");
  Decoder autoregressive = model_;
  autoregressive.config.mask_id = -1;
  EXPECT_THROW(generate(autoregressive, prompt(), settings(8, 8)), UserError);
}

}  // namespace
}  // namespace freeact
