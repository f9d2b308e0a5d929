#include <gmock/gmock.h>

#include <cmath>

#include "eval/scoring.h"
#include "fixtures.h"
#include "util/files.h"

namespace freeact {
namespace {

// A byte tokenizer with one more token, " c", as BPE vocabularies have them for words behind a space.
Tokenizer tokenizer_with_merge(const std::filesystem::path& folder) {
  byte_tokenizer(folder);
  Json json = Json::parse(read_file(folder / "tokenizer.json"));
  json["model"]["vocab"]["\u0120c"] = 256 + static_cast<int>(puzzle_special_tokens().size());
  json["model"]["merges"] = Json::array({"\u0120 c"});
  write_text(folder / "tokenizer.json", json.dump());
  return Tokenizer::load(folder);
}

class ChoicesTest : public testing::Test {
 protected:
  static EvalTaskSettings settings() {
    EvalTaskSettings s;
    s.name = "choices";
    s.kind = "multiple_choice";
    s.metric = "accuracy";
    return s;
  }
  TaskResult evaluate(std::vector<ChoiceItem> items, const Layout& layout = layout_of("{input}{answer}")) const {
    return evaluate_choices({{"choices", layout, std::move(items), ""}}, settings(), model_, tokenizer_, 0);
  }
  static std::vector<double> likelihoods(const SampleResult& sample) {
    return Json::parse(sample.output)["log_likelihoods"].get<std::vector<double>>();
  }

  const Tokenizer tokenizer_ = byte_tokenizer(test_folder());
  Decoder model_ = constant_model(tokenizer_, {{"a", 0.5}, {"b", 0.25}, {"c", 0.125}, {"d", 0.125}});
};

TEST_F(ChoicesTest, SpacesThatEndTheContextGoToTheContinuation) {
  const Tokenizer tokenizer = tokenizer_with_merge(test_folder() / "merge");
  for (const auto& [context, continuation] : {std::pair("ab ", "c"), std::pair("ab", " c")}) {
    const Continuation text = encode_continuation(tokenizer, context, continuation);
    EXPECT_EQ(tokenizer.decode(text.context), "ab");
    EXPECT_THAT(text.ids, testing::ElementsAre(*tokenizer.id_of("\u0120c")));  // the one token of the joined text
  }
  const Continuation spaced = encode_continuation(tokenizer, "ab\u3000\n ", "c");
  EXPECT_EQ(tokenizer.decode(spaced.context), "ab");
  EXPECT_EQ(tokenizer.decode(spaced.ids), "\u3000\n c");
  EXPECT_TRUE(encode_continuation(tokenizer, "  ", "c").context.empty());
  EXPECT_EQ(tokenizer.decode(encode_continuation(tokenizer, "  ", "c").ids), "  c");
  EXPECT_EQ(tokenizer.decode(encode_continuation(tokenizer, " ab", "c").context), " ab");
}

TEST_F(ChoicesTest, TheLikeliestChoiceIsTakenAndTheNormalisedOneByItsBytes) {
  const auto result = evaluate({{"1", {"bb", "aa"}, 1}, {"2", {"aaaa", "b"}, 0}, {"3", {"cc", "aa"}, 0}});
  const double ln2 = std::log(2.0);
  EXPECT_NEAR(likelihoods(result.samples[0])[0], -4 * ln2, 1e-5);
  EXPECT_NEAR(likelihoods(result.samples[0])[1], -2 * ln2, 1e-5);
  // Of the second item "b" is likelier (1/4 against 1/16), while "aaaa" is per byte.
  EXPECT_THAT(result.samples[1].output, testing::HasSubstr("\"chosen\":1"));
  EXPECT_EQ(result.samples[0].score, 1);
  EXPECT_EQ(result.samples[1].score, 0);
  EXPECT_EQ(result.samples[2].score, 0);
  ASSERT_EQ(result.metrics.size(), 2U);
  EXPECT_EQ(result.metrics[0].name, "accuracy");
  EXPECT_NEAR(result.metrics[0].value, 100.0 / 3, 1e-9);
  EXPECT_EQ(result.metrics[1].name, "normalised_accuracy");
  EXPECT_NEAR(result.metrics[1].value, 200.0 / 3, 1e-9);
}

TEST_F(ChoicesTest, TheNormalisationCountsBytesNotCharacters) {
  // The two bytes of "é" are likelier than "c" (1/16) one by one, but not together.
  model_ = constant_model(tokenizer_, {{"\u00c3", 0.125}, {"\u00a9", 0.125}, {"c", 0.0625}, {"a", 0.6875}});
  const auto result = evaluate({{"1", {"\u00e9", "c"}, 0}});
  EXPECT_NEAR(likelihoods(result.samples[0])[0], 2 * std::log(0.125), 1e-5);
  EXPECT_EQ(result.metrics[0].value, 0);
  EXPECT_EQ(result.metrics[1].value, 100);
}

TEST_F(ChoicesTest, AutoregressiveModelsAreScoredExactly) {
  model_.config.causal = true;
  model_.config.mask_id = -1;
  const auto result = evaluate({{"1", {"abc", "cab"}, 0}, {"", {"b", "a"}, 1}});
  EXPECT_NEAR(likelihoods(result.samples[0])[0], -6 * std::log(2.0), 1e-5);
  EXPECT_EQ(result.samples[1].score, 1);  // an empty context is predicted from the end token
}

TEST_F(ChoicesTest, TheLayoutStandsAroundTheChoice) {
  const auto result = evaluate({{"1", {"a", "b"}, 0}}, layout_of("Q{input}:{answer}a"));
  EXPECT_NEAR(likelihoods(result.samples[0])[1], -3 * std::log(2.0), 1.0);  // "ba" is scored, not "b" alone
  EXPECT_LT(likelihoods(result.samples[0])[1], -2 * std::log(2.0) - 0.1);
  EXPECT_THROW(evaluate({{"1", {"a", "b"}, 0}}, layout_of("{input}{answer}", "_")), UserError);
}

TEST_F(ChoicesTest, MasksDependOnTheSeedAloneAndAreOneForChoicesOfOneLength) {
  // Two choices with the same letters in another place differ only if their masks do.
  const auto result = evaluate({{"1", {"abcabc", "abcabc"}, 0}});
  EXPECT_EQ(likelihoods(result.samples[0])[0], likelihoods(result.samples[0])[1]);
}

TEST_F(ChoicesTest, OneEndingIsScoredBehindEachOfSeveralContexts) {
  model_.config.mask_id = -1;
  model_.config.sampler = "none";
  model_.config.causal = true;
  const auto result = evaluate({{"", {}, 1, {"the cat", "the dog"}, "ab"}, {"", {}, 0, {"the cat", "the dog"}, "aa"}},
                               layout_of("{input} {answer}"));
  EXPECT_EQ(likelihoods(result.samples[0])[0], likelihoods(result.samples[0])[1]);
  const double ln2 = std::log(2.0);  // " ab" and " aa" differ in b and a alone
  EXPECT_NEAR(likelihoods(result.samples[1])[0] - likelihoods(result.samples[0])[0], ln2, 1e-5);
  EXPECT_NE(result.samples[0].input_hash, result.samples[1].input_hash);
  EXPECT_EQ(result.samples[1].score, 1);
}

TEST_F(ChoicesTest, FaultyItemsAreRefusedWithTheirLine) {
  const std::filesystem::path root = test_folder();
  const auto refused = [&](const std::string& line, const std::string& text) {
    write_text(root / "set/test.jsonl", R"({"context":"1","choices":["a","b"],"answer":0})"
                                        "\n" +
                                            line + "\n");
    EXPECT_THAT([&] { read_choices(root, "set", "test"); },
                testing::ThrowsMessage<UserError>(testing::HasSubstr("test.jsonl:2: " + text)));
  };
  refused(R"({"context":"1","choices":["a","b"],"answer":2})", "'answer' is 2");
  refused(R"({"context":"1","choices":["a","b"]})", "'answer' is -1");
  refused(R"({"context":"1","choices":["a"],"answer":0})", "'choices' must list two or more");
  refused(R"({"context":"1","choices":["a",""],"answer":0})", "'choices' must hold no empty text");
  refused(R"({"contexts":["a"],"ending":"b","answer":0})", "'contexts' must list two or more");
  refused(R"({"contexts":["a","b"],"answer":0})", "'ending' is empty");
  refused(R"({"contexts":["a","b"],"ending":"c","choices":["a","b"],"answer":0})", "an item has");
  refused(R"({"input":"1","choices":["a","b"],"answer":0})", "no key 'input'");
  write_text(root / "set/test.jsonl", R"({"context":"1","choices":["a","b"],"answer":1})");
  const auto parts = read_choices(root, "set", "test");
  EXPECT_EQ(parts[0].layout.text, "{input}{answer}");  // no layout.json is needed
  EXPECT_EQ(parts[0].items[0].answer, 1);
}

}  // namespace
}  // namespace freeact
