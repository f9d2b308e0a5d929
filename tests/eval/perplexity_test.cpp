// Perplexity of a text, and the stretches it is taken from.
#include "eval/perplexity.h"

#include <gmock/gmock.h>

#include <cmath>

#include "eval/fixtures.h"
#include "eval/scoring.h"
#include "util/error.h"

namespace freeact {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class Text : public testing::Test {
 protected:
  PlainText text(const std::string& content) {
    write_text(folder_ / "text.txt", content);
    return PlainText(folder_ / "text.txt");
  }
  std::string decoded(const std::vector<int64_t>& ids) { return tokenizer_.decode(ids); }

  std::filesystem::path folder_ = test_folder();
  Tokenizer tokenizer_ = byte_tokenizer(folder_);
};

TEST_F(Text, OffsetsCountCharactersNotBytes) {
  const PlainText plain = text("äöü€abc");
  EXPECT_EQ(plain.num_characters(), 7);
  EXPECT_EQ(decoded(plain.tokens(tokenizer_, 4, 3)), "abc");
  EXPECT_EQ(decoded(plain.tokens(tokenizer_, 3, 3)), "€");
}

TEST_F(Text, TokensDoNotDependOnWhatFollows) {
  const std::string start(100, 'x');
  EXPECT_EQ(text(start + "yz").tokens(tokenizer_, 0, 100),
            text(start + std::string(100'000, 'y')).tokens(tokenizer_, 0, 100));
}

TEST_F(Text, ThatEndsTooEarlyIsRefused) {
  const PlainText plain = text("abc");
  EXPECT_THAT([&] { plain.tokens(tokenizer_, 1, 3); },
              ThrowsMessage<UserError>(HasSubstr("text.txt' ends before 3 tokens from character 1")));
  EXPECT_THAT([&] { text("ab\xff"); }, ThrowsMessage<UserError>(HasSubstr("see byte 2")));
}

class Perplexity : public Text {
 protected:
  // After any token: a with 1/2, b with 1/8.
  Decoder model() {
    Decoder decoder = constant_model(tokenizer_, {{"a", 0.5}, {"b", 0.125}, {"c", 0.375}});
    decoder.config.mask_id = -1;
    decoder.config.sampler = "none";
    decoder.config.sampler = "none";
    return decoder;
  }
  EvalTaskSettings settings(std::vector<int64_t> offsets) {
    EvalTaskSettings s;
    s.name = "text";
    s.kind = s.metric = "perplexity";
    s.dataset = "text.txt";
    s.segments = {3, std::move(offsets)};
    return s;
  }
};

TEST_F(Perplexity, IsTheExponentialOfTheMeanOverSegments) {
  // Segments "aaa", "abb": mean nll log 2 and log 8, since the first token of each is given.
  const TaskResult result = evaluate_perplexity(text("aaaabb"), settings({0, 3}), model(), tokenizer_);
  ASSERT_EQ(result.metrics.size(), 1u);
  EXPECT_EQ(result.metrics[0].name, "perplexity");
  EXPECT_NEAR(result.metrics[0].value, 4.0, 1e-5);
  EXPECT_EQ(result.metrics[0].count, 2);
  EXPECT_FALSE(result.metrics[0].higher_is_better);
  // Standard error of the mean of log 2 and log 8 is log 2; times the perplexity.
  EXPECT_NEAR(result.metrics[0].standard_error, 4.0 * std::log(2.0), 1e-5);
}

TEST_F(Perplexity, SamplesHaveTheMeanAndTheErrorOfTheMetric) {
  const TaskResult result = evaluate_perplexity(text("aaabbbabbccc"), settings({0, 3, 6, 9}), model(), tokenizer_);
  std::vector<double> scores;
  for (const auto& sample : result.samples) scores.push_back(sample.score);
  const Estimate e = estimate(scores);
  EXPECT_NEAR(e.mean, result.metrics[0].value, 1e-9);
  EXPECT_NEAR(e.standard_error, result.metrics[0].standard_error, 1e-9);
  const auto first = nlohmann::json::parse(result.samples[1].output);
  EXPECT_EQ(first.at("offset"), 3);
  EXPECT_NEAR(first.at("nll"), std::log(8.0), 1e-5);
}

TEST_F(Perplexity, OfADiffusionModelIsRefused) {
  Decoder diffusion = model();
  diffusion.config.sampler = "llada";
  EXPECT_THAT([&] { evaluate_perplexity(text("aaaa"), settings({0}), diffusion, tokenizer_); },
              ThrowsMessage<UserError>(HasSubstr("perplexity needs an autoregressive model")));
}

TEST_F(Perplexity, SettingsAreChecked) {
  EXPECT_THAT([&] { check_settings(settings({})); }, ThrowsMessage<UserError>(HasSubstr("segments.offsets")));
  auto short_segments = settings({0});
  short_segments.segments.tokens = 1;
  EXPECT_THAT([&] { check_settings(short_segments); }, ThrowsMessage<UserError>(HasSubstr("segments.tokens")));
}

}  // namespace
}  // namespace freeact
