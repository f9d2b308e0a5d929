#include "generation/text.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "util/error.h"

namespace freeact {
namespace {

TEST(PadLeft, PutsPadsBeforeTheShorterPrompts) {
  const PaddedPrompts padded = pad_left({{1, 2, 3}, {4}}, 9);
  EXPECT_TRUE(at::equal(padded.ids_BP, at::tensor(std::vector<int64_t>{1, 2, 3, 9, 9, 4}).view({2, 3})));
  EXPECT_TRUE(at::equal(padded.attention_mask_BP, at::tensor(std::vector<int64_t>{1, 1, 1, 0, 0, 1}).view({2, 3})));
}

TEST(PadLeft, ATokenEqualToThePadIsNoPad) {
  EXPECT_TRUE(at::equal(pad_left({{9, 2}, {4}}, 9).attention_mask_BP[0], at::ones({2}, at::kLong)));
}

TEST(PadLeft, EqualLengthsNeedNeitherMaskNorPad) {
  const PaddedPrompts padded = pad_left({{1, 2}, {3, 4}}, -1);
  EXPECT_FALSE(padded.attention_mask_BP.defined());
  EXPECT_TRUE(at::equal(padded.ids_BP, at::tensor(std::vector<int64_t>{1, 2, 3, 4}).view({2, 2})));
}

TEST(PadLeft, WithoutAPadTokenDifferentLengthsAreRefused) {
  EXPECT_THAT(
      [] {
        pad_left({{1, 2}, {3}}, -1);
      },
      testing::ThrowsMessage<UserError>(testing::HasSubstr("1 to 2 tokens")));
  EXPECT_THROW(pad_left({}, 0), UserError);
}

}  // namespace
}  // namespace freeact
