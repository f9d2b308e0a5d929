#include "eval/layout.h"

#include <gmock/gmock.h>

#include "eval/dataset.h"
#include "fixtures.h"

namespace freeact {
namespace {

class LayoutTest : public testing::Test {
 protected:
  TokenSequence lay(const std::string& kind, const TaskItem& item) const {
    return lay_out(find_puzzle_kind(kind).layout, item, tokenizer_, special_ids(tokenizer_), "item");
  }
  std::string masked_text(const TokenSequence& s) const { return tokenizer_.decode(s.masked); }

  const Tokenizer tokenizer_ = byte_tokenizer(test_folder());
  const std::string mask_ = kMaskToken, end_ = kEndToken;
};

TEST_F(LayoutTest, SudokuIsSolvedInPlaceAndOnlyItsBlanksAreMasked) {
  const auto s = lay("sudoku", {"12__341221434321", "1234341221434321"});
  EXPECT_EQ(masked_text(s), "<|sudoku|>12" + mask_ + mask_ + "341221434321" + end_);
  EXPECT_EQ(tokenizer_.decode(s.target), "<|sudoku|>1234341221434321" + end_);
  EXPECT_EQ(s.target.size(), 18U);
}

TEST_F(LayoutTest, SortMasksItsAnswerAndShowsTheEnd) {
  const auto s = lay("sort", {"3120000000", "0000000123"});
  std::string masks;
  for (int i = 0; i < 10; ++i) masks += mask_;
  EXPECT_EQ(masked_text(s), "<|sort|>3120000000=" + masks + end_);
  EXPECT_EQ(s.answer_begin, 12U);
  EXPECT_EQ(s.answer_end, 22U);
}

TEST_F(LayoutTest, ReversePredictsEndsUpToItsLength) {
  for (const TaskItem& item : {TaskItem{"abcdef", "fedcba"}, TaskItem{"abcdefghijkl", "lkjihgfedcba"}}) {
    const auto s = lay("reverse", item);
    const auto masks = std::count(s.masked.begin(), s.masked.end(), special_ids(tokenizer_).mask);
    EXPECT_EQ(s.target.size(), 27U);
    EXPECT_EQ(masks, 27 - 2 - static_cast<int64_t>(item.input.size()));
    EXPECT_EQ(s.target.back(), special_ids(tokenizer_).end);
    EXPECT_EQ(s.answer_end, 27U);
  }
}

TEST_F(LayoutTest, WhatDoesNotFitIsRefusedWithItsPlace) {
  const auto refused = [&](const std::string& kind, const TaskItem& item, const std::string& text) {
    EXPECT_THAT([&] { lay(kind, item); }, testing::ThrowsMessage<UserError>(testing::HasSubstr(text))) << text;
  };
  refused("reverse", {"abcdefghijklm", "mlkjihgfedcba"}, "item: 28 tokens are more than the layout's length 27");
  refused("sudoku", {"12", "123"}, "must be of one length");
  refused("sudoku", {"1_", "23"}, "differ at character 1");
  const Layout without_answer = {.text = "{input}", .blank = "", .length = 0};
  EXPECT_THROW(lay_out(without_answer, {"a", "b"}, tokenizer_, special_ids(tokenizer_), "item"), UserError);
}

TEST_F(LayoutTest, SequencesOfOneTaskMustHaveOneLength) {
  const DatasetPart part = {"words", {}, {{"ab", "ba"}, {"abc", "cba"}}, ""};
  EXPECT_THAT([&] { lay_out_all(part, tokenizer_, special_ids(tokenizer_)); },
              testing::ThrowsMessage<UserError>(testing::HasSubstr("words item 1 has 7 tokens and the first item 5")));
}

}  // namespace
}  // namespace freeact
