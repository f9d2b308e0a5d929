// The samplers against a plain loop for one row: every step runs everything, and each position is looked at by itself.
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "generation/samplers.h"

namespace freeact {
namespace {

struct Candidate {
  int64_t column, id;
  double confidence;
};

// Predictions of the masks before `end`, the most confident first.
std::vector<Candidate> candidates(const Decoder& model, const at::Tensor& tokens_L, int64_t end) {
  const at::Tensor logits_LV = model.logits(tokens_L.unsqueeze(0))[0];
  std::vector<Candidate> all;
  for (int64_t i = 0; i < end; ++i) {
    if (tokens_L[i].item<int64_t>() != kMaskId) continue;
    const at::Tensor p = at::softmax(logits_LV[model.config.shifted_logits ? std::max<int64_t>(0, i - 1) : i], -1);
    const auto id = p.argmax().item<int64_t>();
    all.push_back({i, id, p[id].item<double>()});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Candidate& a, const Candidate& b) { return a.confidence > b.confidence; });
  return all;
}

// Tokens the schedule writes in step `step` of `steps`: LLaDA splits those at the block's start, Dream those left.
int64_t scheduled(bool dream, int64_t at_start, int64_t left, int64_t step, int64_t steps) {
  if (!dream) return at_start / steps + (step < at_start % steps ? 1 : 0);
  if (step == steps - 1) return left;
  const auto time = [&](int64_t i) { return 1 - (1 - 1e-3) * static_cast<double>(i) / static_cast<double>(steps); };
  return static_cast<int64_t>(std::floor(static_cast<double>(left) * (1 - time(step + 1) / time(step))));
}

at::Tensor naive(const Decoder& model, const at::Tensor& prompt_P, const Answer& a) {
  at::Tensor tokens = at::cat({prompt_P, at::full({a.length}, kMaskId, at::kLong)});
  const int64_t steps = a.steps / (a.length / a.block_length);
  const double threshold = a.acceleration.threshold;
  for (int64_t begin = prompt_P.size(0); begin < tokens.size(0); begin += a.block_length)
    for (int64_t step = 0; step < steps; ++step) {
      const auto ranked = candidates(model, tokens, begin + a.block_length);
      int64_t count = scheduled(model.config.shifted_logits, a.block_length, std::ssize(ranked), step, steps);
      if (threshold > 0) count = std::max<int64_t>(1, count);
      for (int64_t rank = 0; rank < std::ssize(ranked); ++rank) {
        const Candidate& c = ranked[static_cast<size_t>(rank)];
        if (rank < count || (threshold > 0 && c.confidence > threshold)) tokens[c.column] = c.id;
      }
    }
  return tokens;
}

class NaiveTwin : public testing::TestWithParam<std::tuple<AnySampler, double>> {};

TEST_P(NaiveTwin, WritesTheSameTokens) {
  const at::NoGradGuard no_grad;
  const auto& [sampler, threshold] = GetParam();
  const Decoder model = trained_looking(sampler.model(at::kFloat));
  const at::Tensor prompt = at::tensor(std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9}).view({3, 3});
  // Steps as many as tokens, fewer, and more.
  for (const auto& [block_length, steps] :
       std::vector<std::pair<int64_t, int64_t>>{{12, 12}, {6, 4}, {4, 3}, {3, 20}}) {
    const Answer answer = {12, block_length, steps, {"none", threshold}};
    const at::Tensor tokens = sampler.generate(model, prompt, {}, answer, 0, nullptr, nullptr);
    for (int64_t row = 0; row < 3; ++row)
      EXPECT_TRUE(at::equal(tokens[row], naive(model, prompt[row], answer)))
          << "row " << row << ", blocks of " << block_length << ", steps " << steps;
  }
}

INSTANTIATE_TEST_SUITE_P(All, NaiveTwin,
                         testing::Combine(testing::Values(kLlada, kDream), testing::Values(0, 0.3, 0.6, 0.9)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "_" +
                                  std::to_string(static_cast<int>(100 * std::get<1>(test.param)));
                         });

}  // namespace
}  // namespace freeact
