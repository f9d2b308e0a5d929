#include "generation/greedy.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>

#include "model/random_model.h"

namespace freeact {
namespace {

using Ids = std::vector<int64_t>;

Decoder random_llama() {
  const Family family = llama_family();
  return random_decoder(family.read_config(llama_config()), family.modules);
}

class Greedy : public testing::Test {
 protected:
  Ids run(int64_t length, double penalty = 1.0) const { return generate_greedy(model_, prompt_, {length, penalty}); }
  // Without a cache: every token from a pass over the whole text, the penalty written out.
  Ids naive(int64_t length, double penalty = 1.0) const {
    const at::NoGradGuard no_grad;
    Ids text = prompt_;
    for (int64_t i = 0; i < length; ++i) {
      at::Tensor logits = model_.logits(at::tensor(text).unsqueeze(0))[0][-1].clone();
      for (const int64_t id : std::set<int64_t>(text.begin(), text.end())) {
        const double logit = logits[id].item<double>();
        logits[id] = logit > 0 ? logit / penalty : logit * penalty;
      }
      text.push_back(logits.argmax().item<int64_t>());
    }
    return {text.begin() + std::ssize(prompt_), text.end()};
  }

  Decoder model_ = random_llama();
  const Ids prompt_ = {5, 9, 5, 30};
};

TEST_F(Greedy, IsTheSameAsPassesOverTheWholeText) {
  EXPECT_EQ(run(20), naive(20));
}

TEST_F(Greedy, ThePenaltyCountsEveryTokenOfPromptAndAnswerOnce) {
  const Ids penalised = run(20, 1.5);
  EXPECT_EQ(penalised, naive(20, 1.5));
  EXPECT_NE(penalised, run(20));
}

TEST_F(Greedy, AHighPenaltyRepeatsNothing) {
  const Ids answer = run(12, 1e6);
  std::set<int64_t> seen(prompt_.begin(), prompt_.end());
  for (const int64_t id : answer) EXPECT_TRUE(seen.insert(id).second) << id;
}

TEST_F(Greedy, EndsBeforeTheEndOfSequence) {
  const Ids whole = run(12, 1.5);
  model_.config.eos_id = whole[4];
  const auto first = std::find(whole.begin(), whole.end(), whole[4]);
  EXPECT_EQ(run(12, 1.5), Ids(whole.begin(), first));
}

TEST_F(Greedy, EndsBeforeAnyOtherStopTokenToo) {
  const Ids whole = run(12, 1.5);
  const Ids stops = {whole[7], whole[3]};
  model_.config.more_stop_ids = stops;
  const auto first = std::find_first_of(whole.begin(), whole.end(), stops.begin(), stops.end());
  EXPECT_EQ(run(12, 1.5), Ids(whole.begin(), first));
}

// An image of four tokens in two rows takes two positions, and what follows goes on from there.
TEST_F(Greedy, PositionsGoOnBehindThePromptsLargest) {
  model_.config.feature_id = 47;
  model_.config.rope_sections = {1, 2, 1};
  const at::Tensor ids = at::tensor({5, 47, 47, 47, 47, 9}, at::kLong).unsqueeze(0);
  const at::Tensor positions =
      at::tensor({0, 1, 1, 1, 1, 3, 0, 1, 1, 2, 2, 3, 0, 1, 2, 1, 2, 3}, at::kLong).view({3, 1, 6});
  TokenBatch text(ids, at::randn({4, 32}), positions);
  const Ids answer = generate_greedy(model_, text, {8, 1.0});
  const at::NoGradGuard no_grad;
  for (int64_t i = 0; i < 8; ++i) {  // without a cache
    const auto id = model_.logits(text)[0][-1].argmax().item<int64_t>();
    EXPECT_EQ(answer[static_cast<size_t>(i)], id) << i;
    text.ids_BT = at::cat({text.ids_BT, at::tensor(Ids{id}).unsqueeze(0)}, 1);
    text.positions_ABT = at::cat({text.positions_ABT, at::full({3, 1, 1}, 4 + i, at::kLong)}, 2);
  }
}

TEST_F(Greedy, TheObserverSeesEachTokenOfTheAnswer) {
  Ids seen;
  const Ids answer = generate_greedy(model_, prompt_, {6, 1.0}, [&](int64_t id) { seen.push_back(id); });
  EXPECT_EQ(seen, answer);
  EXPECT_EQ(answer.size(), 6);
}

TEST(PenaliseRepetition, DividesPositiveAndMultipliesNegativeLogits) {
  const at::Tensor logits = at::tensor({3.0, -3.0, 5.0, -5.0});
  const at::Tensor expected = at::tensor({1.5, -6.0, 5.0, -5.0});
  EXPECT_TRUE(at::equal(penalise_repetition(logits, {1, 0, 1, 0, 0}, 2), expected));
}

TEST_F(Greedy, WhatCannotBeDecodedIsRefused) {
  const auto refused = [](const auto& run, const char* text) {
    EXPECT_THAT(run, testing::ThrowsMessage<UserError>(testing::HasSubstr(text)));
  };
  refused([] { generate_greedy(random_llada(), Ids{1}, {}); }, "use its sampler (llada)");
  refused([&] { generate_greedy(model_, Ids{}, {}); }, "prompt is empty");
  refused([&] { run(0); }, "max_new_tokens");
  refused([&] { run(4, 0); }, "repetition_penalty");
}

}  // namespace
}  // namespace freeact
