#include "eval/scoring.h"

#include <gmock/gmock.h>

#include <cmath>

#include "fixtures.h"
#include "util/hash.h"

namespace freeact {
namespace {

class ScoringTest : public testing::Test {
 protected:
  static EvalTaskSettings likelihood(std::vector<double> ratios) {
    EvalTaskSettings s;
    s.name = "likelihood";
    s.kind = "likelihood";
    s.metric = "nll";
    s.mask_ratios = std::move(ratios);
    return s;
  }
  std::string answer(const std::string& completed, size_t begin, size_t end) const {
    TokenSequence sequence;
    sequence.answer_begin = begin;
    sequence.answer_end = end;
    return answer_text(tokenizer_.encode(completed), sequence, tokenizer_, special_ids(tokenizer_).end);
  }

  const Tokenizer tokenizer_ = byte_tokenizer(test_folder());
  const Decoder model_ = constant_model(tokenizer_, {{"a", 0.5}, {"b", 0.25}, {"c", 0.25}});
  const std::vector<DatasetPart> words_ = {{"words", {}, {{"1", "aab"}, {"2", "aaa"}, {"3", "abc"}}, ""}};
};

TEST_F(ScoringTest, TheAnswerEndsAtTheFirstEndOrWithItsSlot) {
  EXPECT_EQ(answer("abc=cba<|endoftext|><|endoftext|>", 4, 9), "cba");
  EXPECT_EQ(answer("abc=c<|endoftext|>ba", 4, 8), "c");
  EXPECT_EQ(answer("abc=cba!", 4, 7), "cba");
  EXPECT_EQ(answer("abc=<|endoftext|>cb", 4, 7), "");
}

TEST_F(ScoringTest, ExactMatchCountsWholeAnswersOnly) {
  EvalTaskSettings settings;
  settings.name = "words";
  const auto result = evaluate_generation(words_, settings, model_, tokenizer_, 0);
  ASSERT_EQ(result.samples.size(), 3U);
  EXPECT_EQ(result.samples[0].output, "aaa");  // what the model writes everywhere
  EXPECT_EQ(result.samples[0].score, 0);       // two of three letters right
  EXPECT_EQ(result.samples[1].score, 1);
  EXPECT_NE(result.samples[0].input_hash, result.samples[1].input_hash);
  EXPECT_NEAR(result.metrics[0].value, 100.0 / 3, 1e-9);
  EXPECT_NEAR(result.metrics[0].standard_error, 100.0 / 3, 1e-9);  // sd of {0, 1, 0} is 1 / sqrt(3), over sqrt(3)
  EXPECT_EQ(result.metrics[0].unit, "%");
}

TEST_F(ScoringTest, RowsOfDifferentMaskCountsAndSmallBatchesGiveTheSameAnswers) {
  const Layout in_place = {.text = "{answer}", .blank = "_", .length = 0};
  const std::vector<DatasetPart> parts = {{"cells", in_place, {{"a__", "aaa"}, {"ab_", "aba"}, {"___", "aba"}}, ""}};
  for (const int64_t batch_size : {1, 2, 200}) {
    EvalTaskSettings settings;
    settings.batch_size = batch_size;
    const auto result = evaluate_generation(parts, settings, model_, tokenizer_, 0);
    EXPECT_EQ(result.samples[0].output, "aaa");
    EXPECT_EQ(result.samples[1].output, "aba");  // what was given is kept
    EXPECT_EQ(result.samples[2].output, "aaa");
  }
}

TEST_F(ScoringTest, LikelihoodOfFullyMaskedAnswersIsTheHandComputedOne) {
  const auto result = evaluate_likelihood(words_, likelihood({1.0}), model_, tokenizer_, 0);
  const double ln2 = std::log(2.0);  // -log of 1/2; 1/4 is twice that
  EXPECT_NEAR(result.samples[0].score, (1 + 1 + 2) * ln2 / 3, 1e-6);
  EXPECT_NEAR(result.samples[1].score, ln2, 1e-6);
  EXPECT_NEAR(result.samples[2].score, (1 + 2 + 2) * ln2 / 3, 1e-6);
  ASSERT_EQ(result.metrics.size(), 2U);
  EXPECT_EQ(result.metrics[0].group, "mask_ratio=1");
  EXPECT_EQ(result.metrics[1].group, "");
  EXPECT_NEAR(result.metrics[1].value, (4 + 3 + 5) * ln2 / 9, 1e-6);
  EXPECT_FALSE(result.metrics[1].higher_is_better);
}

TEST_F(ScoringTest, TheWholeTaskIsTheMeanOfItsRatios) {
  const auto result = evaluate_likelihood(words_, likelihood({0.1, 0.7, 1.0}), model_, tokenizer_, 3);
  ASSERT_EQ(result.metrics.size(), 4U);
  const double mean = (result.metrics[0].value + result.metrics[1].value + result.metrics[2].value) / 3;
  EXPECT_NEAR(result.metrics[3].value, mean, 1e-12);
  for (const auto& sample : result.samples) EXPECT_GT(sample.score, 0);  // at least one token is masked
}

TEST_F(ScoringTest, MasksFollowTheSeedAndNothingElse) {
  std::vector<DatasetPart> many = {{"words", {}, {}, ""}};
  for (int i = 0; i < 40; ++i) many[0].items.push_back({std::string(1, static_cast<char>('A' + i)), "abcabcabca"});
  const auto scores = [&](uint64_t seed, int64_t batch_size) {
    auto settings = likelihood({0.4});
    settings.batch_size = batch_size;
    std::vector<double> values;
    for (const auto& sample : evaluate_likelihood(many, settings, model_, tokenizer_, seed).samples)
      values.push_back(sample.score);
    return values;
  };
  EXPECT_EQ(scores(1, 200), scores(1, 7));
  EXPECT_NE(scores(1, 200), scores(2, 200));
}

TEST_F(ScoringTest, LikelihoodOfATextMasksAnyTokenOfASegmentButTheFirst) {
  const auto folder = test_folder();
  write_text(folder / "text.txt", "baaaacbb");
  auto settings = likelihood({1.0});
  settings.dataset = (folder / "text.txt").string();
  settings.segments = {4, {0, 4}};  // "baaa" and "acbb"
  const auto result = evaluate_task("nowhere", settings, model_, tokenizer_, 0);
  const double ln2 = std::log(2.0);
  ASSERT_EQ(result.samples.size(), 2U);
  EXPECT_NEAR(result.samples[0].score, ln2, 1e-6);
  EXPECT_NEAR(result.samples[1].score, 2 * ln2, 1e-6);
  EXPECT_NEAR(result.metrics[0].value, 1.5 * ln2, 1e-6);
  EXPECT_NE(result.samples[0].input_hash, result.samples[1].input_hash);
  EXPECT_EQ(task_data_hash("nowhere", settings), sha256("baaaacbb"));
  settings.num_items = 1;
  EXPECT_EQ(evaluate_task("nowhere", settings, model_, tokenizer_, 0).samples.size(), 1U);
}

TEST_F(ScoringTest, LikelihoodOfATextNeedsSegmentsAndStatesThem) {
  auto settings = likelihood({0.4});
  settings.dataset = "text.txt";
  EXPECT_THAT([&] { check_settings(settings); },
              testing::ThrowsMessage<UserError>(testing::HasSubstr("segments.offsets")));
  EXPECT_TRUE(resolved_task_settings(settings).contains("segments"));
  settings.dataset = "words";
  EXPECT_FALSE(resolved_task_settings(settings).contains("segments"));
}

TEST_F(ScoringTest, SettingsAreCheckedBeforeTheData) {
  auto settings = likelihood({0.5});
  settings.dataset = "none";
  EXPECT_THAT([&] { evaluate_task("nowhere", settings, model_, tokenizer_, 0); },
              testing::ThrowsMessage<UserError>(testing::HasSubstr("there is no data set")));
  settings.mask_ratios = {};
  EXPECT_THAT([&] { evaluate_task("nowhere", settings, model_, tokenizer_, 0); },
              testing::ThrowsMessage<UserError>(testing::HasSubstr("at least one ratio")));
}

TEST(Estimate, OfFewValues) {
  EXPECT_EQ(estimate({}).mean, 0);
  EXPECT_EQ(estimate({3}).standard_error, 0);
  EXPECT_DOUBLE_EQ(estimate({1, 3}).mean, 2);
  EXPECT_DOUBLE_EQ(estimate({1, 3}).standard_error, 1);
}

}  // namespace
}  // namespace freeact
