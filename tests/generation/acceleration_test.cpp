// The key/value cache and parallel unmasking, for both samplers.
#include "generation/acceleration.h"

#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>

#include "generation/samplers.h"
#include "generation/text.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr double kNearlyZero = 1e-30, kNearlyOne = 1 - 1e-12;

class Accelerated : public testing::TestWithParam<AnySampler> {
 protected:
  at::Tensor run(const Answer& answer) {
    statistics_ = {};
    return GetParam().generate(model_, prompt_, {}, answer, 0, nullptr, &statistics_);
  }
  bool shifted() const { return model_.config.shifted_logits; }

  Decoder model_ = trained_looking(GetParam().model(at::kFloat));
  const at::Tensor prompt_ = at::tensor(std::vector<int64_t>{1, 2, 3, 4, 5, 6}).view({2, 3});
  DecodeStatistics statistics_;
};

TEST_P(Accelerated, OneStepABlockIsExactWithEveryCache) {
  const at::Tensor plain = run({8, 4, 2});
  for (const char* cache : {"prefix", "dual"}) EXPECT_TRUE(at::equal(run({8, 4, 2, {cache}}), plain)) << cache;
}

// In a model that sees no later tokens, nothing a cache holds of the past can change.
TEST_P(Accelerated, CachesAreExactInACausalModel) {
  model_.config.causal = true;
  for (const double scale : {0.0, 0.7}) {
    Answer answer = {12, 4, 12};
    answer.cfg_scale = scale;  // Dream's sampler has none
    const at::Tensor plain = run(answer);
    for (const char* cache : {"prefix", "dual"}) {
      answer.acceleration.kv_cache = cache;
      EXPECT_TRUE(at::equal(run(answer), plain)) << cache << " guidance " << scale;
    }
  }
}

TEST_P(Accelerated, InTheLastBlockBothCachesComputeTheSame) {
  const at::Tensor prefix = run({8, 8, 8, {"prefix"}});
  const int64_t positions = statistics_.positions;
  EXPECT_TRUE(at::equal(run({8, 8, 8, {"dual"}}), prefix));
  EXPECT_EQ(statistics_.positions, positions);
}

TEST_P(Accelerated, ACacheSavesTheWorkOutsideItsWindow) {
  const Answer plain = {12, 4, 12};
  run(plain);
  const int64_t passes = statistics_.forward_passes, length = 15, before = shifted() ? 1 : 0;
  EXPECT_EQ(statistics_.steps, 12);
  EXPECT_EQ(passes, shifted() ? 9 : 12);  // Dream's first step of a block writes nothing
  EXPECT_EQ(statistics_.positions, 2 * length * passes);

  const int64_t later = passes / 3 - 1;  // passes of a block after its first
  run({12, 4, 12, {"dual"}});
  EXPECT_EQ(statistics_.forward_passes, passes);
  EXPECT_EQ(statistics_.positions, 2 * 3 * (length + later * (4 + before)));
  run({12, 4, 12, {"prefix"}});
  EXPECT_EQ(statistics_.positions, 2 * (3 * length + later * (12 + 8 + 4 + 3 * before)));
}

TEST_P(Accelerated, AThresholdNearlyOneLeavesTheSchedule) {
  const Answer plain = {8, 4, 4};
  const at::Tensor tokens = run(plain);
  Answer parallel = plain;
  parallel.acceleration.threshold = kNearlyOne;
  EXPECT_TRUE(at::equal(run(parallel), tokens));
  EXPECT_EQ(statistics_.forward_passes, 4);
}

TEST_P(Accelerated, AThresholdNearlyZeroWritesABlockInOneStep) {
  const at::Tensor one_step = run({8, 4, 2});
  EXPECT_TRUE(at::equal(run({8, 4, 8, {"none", kNearlyZero}}), one_step));
  EXPECT_EQ(statistics_.forward_passes, 2);
  EXPECT_EQ(statistics_.steps, 2);
}

TEST_P(Accelerated, EveryCacheAndThresholdFillsAllMasksAndKeepsThePrompt) {
  for (const char* cache : {"none", "prefix", "dual"})
    for (const double threshold : {0.0, 0.4, 0.8}) {
      const at::Tensor tokens = run({12, 4, 6, {cache, threshold}});
      EXPECT_EQ((tokens == kMaskId).sum().item<int64_t>(), 0) << cache << threshold;
      EXPECT_TRUE(at::equal(tokens.slice(1, 0, 3), prompt_));
    }
}

TEST_P(Accelerated, RowsThatFinishAtDifferentTimesComeOutAsAlone) {
  const double threshold = 0.4;
  std::vector<int64_t> passes;
  std::vector<at::Tensor> alone;
  for (const char* cache : {"none", "prefix", "dual"}) {
    const Answer answer = {16, 8, 16, {cache, threshold}};
    passes.clear();
    alone.clear();
    for (int64_t row = 0; row < 2; ++row) {
      DecodeStatistics one;
      alone.push_back(GetParam().generate(model_, prompt_.slice(0, row, row + 1), {}, answer, 0, nullptr, &one));
      passes.push_back(one.forward_passes);
    }
    EXPECT_TRUE(at::equal(run(answer), at::cat(alone))) << cache;
    EXPECT_NE(passes[0], passes[1]) << "rows that finish together show nothing";
    EXPECT_GE(statistics_.forward_passes, std::max(passes[0], passes[1]));
    EXPECT_LT(statistics_.forward_passes, 16) << "nothing was written in parallel";
  }
}

TEST_P(Accelerated, PromptsOfDifferentLengthsComeOutAsAlone) {
  const std::vector<std::vector<int64_t>> prompts = {{1, 2, 3, 4, 5}, {7, 8}, {9}};
  const PaddedPrompts padded = pad_left(prompts, 38);
  for (const Acceleration& acceleration :
       {Acceleration{}, Acceleration{"prefix", 0}, Acceleration{"dual", 0}, Acceleration{"dual", 0.6}}) {
    const Answer answer = {8, 4, 8, acceleration};
    const at::Tensor together =
        GetParam().generate(model_, padded.ids_BP, padded.attention_mask_BP, answer, 0, nullptr, nullptr);
    for (size_t row = 0; row < prompts.size(); ++row) {
      const at::Tensor alone =
          GetParam().generate(model_, at::tensor(prompts[row]).unsqueeze(0), {}, answer, 0, nullptr, nullptr);
      EXPECT_TRUE(
          at::equal(together[static_cast<int64_t>(row)].slice(0, 5), alone[0].slice(0, std::ssize(prompts[row]))))
          << row << " " << acceleration.kv_cache << " " << acceleration.threshold;
    }
  }
}

TEST_P(Accelerated, WatchingDoesNotChangeTheTokens) {
  for (const double temperature : {0.0, 1.0})
    for (const Acceleration& acceleration : {Acceleration{}, Acceleration{"dual", 0.6}}) {
      const Answer answer = {8, 4, 4, acceleration, temperature};
      at::Tensor last;
      const UnmaskObserver observer = [&](const at::Tensor& tokens, const at::Tensor&, const at::Tensor&) {
        last = tokens;
      };
      const at::Tensor watched = GetParam().generate(model_, prompt_, {}, answer, 3, observer, nullptr);
      EXPECT_TRUE(at::equal(watched, GetParam().generate(model_, prompt_, {}, answer, 3, nullptr, nullptr)));
      EXPECT_TRUE(at::equal(last, watched));
    }
}

TEST_P(Accelerated, ImpossibleAccelerationIsRefused) {
  const auto refused = [&](const Acceleration& acceleration, const char* text) {
    EXPECT_THAT([&] { run({8, 4, 8, acceleration}); }, testing::ThrowsMessage<UserError>(testing::HasSubstr(text)));
  };
  refused({"duel", 0}, "did you mean 'dual'");
  refused({"none", 1.0}, "threshold");
  refused({"none", -0.1}, "threshold");
}

INSTANTIATE_TEST_SUITE_P(Samplers, Accelerated, testing::Values(kLlada, kDream),
                         [](const auto& test) { return test.param.name; });

TEST(Guidance, IsComputedTwiceInEveryPass) {
  const Decoder model = trained_looking(random_llada());
  Answer answer = {8, 4, 8, {"dual", 0}};
  const at::Tensor prompt = at::tensor(std::vector<int64_t>{1, 2, 3}).unsqueeze(0);
  DecodeStatistics plain, guided;
  generate_llada(model, prompt, {}, answer, 0, nullptr, &plain);
  answer.cfg_scale = 0.5;
  generate_llada(model, prompt, {}, answer, 0, nullptr, &guided);
  EXPECT_EQ(guided.forward_passes, plain.forward_passes);
  EXPECT_EQ(guided.positions, 2 * plain.positions);
}

TEST(Threshold, NeedsAnOrderByProbability) {
  const Decoder model = random_llada();
  UnmaskSettings llada;
  llada.remasking = "random";
  llada.acceleration.threshold = 0.9;
  EXPECT_THROW(check_settings(llada, 128), UserError);
  for (const char* alg : {"entropy", "origin"}) {
    DiffusionSettings dream;
    dream.alg = alg;
    dream.acceleration.threshold = 0.9;
    EXPECT_THAT([&] { check_settings(dream, 128); }, testing::ThrowsMessage<UserError>(testing::HasSubstr(alg)));
  }
}

}  // namespace
}  // namespace freeact
