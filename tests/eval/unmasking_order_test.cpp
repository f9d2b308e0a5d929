#include "eval/unmasking_order.h"

#include <gmock/gmock.h>

#include "eval/scoring.h"
#include "fixtures.h"

namespace freeact {
namespace {

using testing::ElementsAre;

constexpr int64_t kMask = 9;

// Two sequences of one batch, the first padded by one token: both begin with what was given and end in three masks.
TEST(UnmaskingOrder, IsOfTheAnswerAloneWhateverThePadding) {
  UnmaskingOrder order(kMask);
  order.observe(at::tensor({0, 1, 9, 5, 9, 2, 1, 9, 9, 5}).view({2, 5}));
  order.observe(at::tensor({0, 1, 7, 5, 9, 2, 1, 6, 9, 5}).view({2, 5}));
  const TokenSequence first = {{}, {1, 9, 9, 9}, 1, 4}, second = {{}, {2, 1, 9, 9, 9}, 2, 5};
  EXPECT_THAT(order.of_answer(0, first), ElementsAre(1, 0, -1));
  EXPECT_THAT(order.of_answer(1, second), ElementsAre(1, -1, 0));
  EXPECT_EQ(order.steps(), 2);
}

TEST(UnmaskingOrder, WhatWasGivenHasNoStep) {
  UnmaskingOrder order(kMask);
  order.observe(at::tensor({1, 4, 3}).view({1, 3}));
  EXPECT_THAT(order.of_answer(0, {{}, {1, 4, 9}, 0, 3}), ElementsAre(-1, -1, 0));
}

// LLaDA writes block by block: whatever the confidences, the first block comes first.
TEST(UnmaskingOrder, ComesWithTheAnswersOfADiffusionModel) {
  const Tokenizer tokenizer = byte_tokenizer(test_folder());
  const Decoder model = constant_model(tokenizer, {{"a", 0.9}});
  EvalTaskSettings settings;
  settings.name = "open";
  settings.generation.max_new_tokens = 4;
  settings.generation.block_length = 2;
  std::vector<TaskItem> items(15, TaskItem{"question", "aaaa", {}});
  const TaskResult result = evaluate_generation({{"words", {}, items, ""}}, settings, model, tokenizer, 1);
  ASSERT_EQ(result.unmasked.size(), 12U) << "as many as people look at";
  EXPECT_EQ(result.unmasked[11].index, 11);
  const auto& tokens = result.unmasked[0].tokens;
  ASSERT_EQ(tokens.size(), 4U);
  EXPECT_EQ(tokens[0].text, "a");
  for (const size_t first : {0U, 1U})
    for (const size_t second : {2U, 3U}) EXPECT_LT(tokens[first].step, tokens[second].step);
}

}  // namespace
}  // namespace freeact
