// Encoding and decoding with small vocabularies made here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tokenizer/folders.h"
#include "tokenizer/tokenizer.h"
#include "util/error.h"

namespace freeact {
namespace {

using nlohmann::json;
using test::small_tokenizer;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using Ids = std::vector<int64_t>;

Tokenizer load(const json& tokenizer, const json& config = json::object()) {
  TemporaryFolder folder;
  folder.write("tokenizer.json", tokenizer);
  folder.write("tokenizer_config.json", config);
  return Tokenizer::load(folder.path());
}

json added_token(int id, const std::string& content, const json& flags = json::object()) {
  json token = {{"id", id}, {"content", content}};
  token.update(flags);
  return token;
}

TEST(Merges, LowestRankGoesFirstAndTheLeftmostOfEquals) {
  // "abc": (b, c) has the lower rank, so a stays alone; "aaa": the left pair is merged.
  const json merges = {"b c", "a b", "a a"};
  const Tokenizer tokenizer = load(small_tokenizer({"bc", "ab", "aa"}, merges));
  EXPECT_THAT(tokenizer.encode("abc"), ElementsAre('a', 256));
  EXPECT_THAT(tokenizer.encode("ab"), ElementsAre(257));
  EXPECT_THAT(tokenizer.encode("aaa"), ElementsAre(258, 'a'));
}

TEST(Merges, ResultsMergeAgain) {
  const Tokenizer tokenizer = load(small_tokenizer({"ab", "abab"}, {"a b", "ab ab"}));
  EXPECT_THAT(tokenizer.encode("ababab"), ElementsAre(257, 256));
}

TEST(Merges, BothWrittenFormsAgree) {
  const Tokenizer strings = load(small_tokenizer({"th", "the"}, {"t h", "th e"}));
  const Tokenizer pairs = load(small_tokenizer({"th", "the"}, json::array({{"t", "h"}, {"th", "e"}})));
  EXPECT_THAT(strings.encode("the that"), ElementsAre(257, ' ', 256, 'a', 't'));
  EXPECT_EQ(strings.encode("the that"), pairs.encode("the that"));
}

TEST(Merges, WholePiecesComeFirstWhereTheFileSaysSo) {
  json tokenizer = small_tokenizer({"ab", "abc"}, {"a b"});
  EXPECT_THAT(load(tokenizer).encode("abc"), ElementsAre(256, 'c'));
  tokenizer["model"]["ignore_merges"] = true;
  EXPECT_THAT(load(tokenizer).encode("abc"), ElementsAre(257));
}

TEST(Encoding, RandomBytesComeBackWhereTheyAreText) {
  const Tokenizer tokenizer = load(small_tokenizer({"th", "the", "\u0120the"}, {"t h", "th e", "\u0120 the"}));
  std::mt19937 random(7);
  std::uniform_int_distribution<int> byte(0, 255), length(0, 40);
  for (int round = 0; round < 2000; ++round) {
    std::string text(static_cast<size_t>(length(random)), ' ');
    for (char& c : text) c = static_cast<char>(byte(random));
    std::string joined;  // every byte must be in the ids, valid or not
    for (const int64_t id : tokenizer.encode(text)) {
      ASSERT_GE(id, 0);
      joined += id < 256 ? std::string(1, static_cast<char>(id)) : tokenizer.decode(Ids{id});
    }
    EXPECT_EQ(joined, text);
  }
}

TEST(Encoding, ALongTextWithoutABreakIsDone) {
  const Tokenizer tokenizer = load(small_tokenizer({"aa", "aaaa"}, {"a a", "aa aa"}));
  EXPECT_EQ(tokenizer.encode(std::string(200'000, 'a')), Ids(50'000, 257));
  EXPECT_EQ(tokenizer.encode(std::string(200'000, ' ')).size(), 200'000u);
  EXPECT_EQ(tokenizer.encode(std::string(200'000, '\xff')).size(), 200'000u);
}

TEST(Encoding, ComposesWhereTheFileSaysSo) {
  json tokenizer = small_tokenizer({}, json::array());
  EXPECT_EQ(load(tokenizer).encode("e\u0301").size(), 3u);
  tokenizer["normalizer"] = {{"type", "NFC"}};
  EXPECT_THAT(load(tokenizer).encode("e\u0301"), ElementsAre(0xC3, 0xA9));
  EXPECT_THAT(load(tokenizer).encode("\xff"
                                     "e\u0301\xc3"),
              ElementsAre(0xFF, 0xC3, 0xA9, 0xC3));
}

TEST(Encoding, MergesDoNotCrossThePiecesOfTheSplitPattern) {
  json tokenizer = small_tokenizer({"12", "ab", "b1"}, {"1 2", "a b", "b 1"});
  const json byte_level = {{"type", "ByteLevel"}, {"use_regex", false}};
  const json split = {{"type", "Split"}, {"pattern", {{"Regex", R"(\p{N}|[^\p{N}]+)"}}}, {"behavior", "Isolated"}};
  tokenizer["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {split, byte_level}}};
  EXPECT_THAT(load(tokenizer).encode("ab12"), ElementsAre(257, '1', '2'));
  tokenizer["pre_tokenizer"] = byte_level;
  EXPECT_THAT(load(tokenizer).encode("ab12"), ElementsAre(257, 256));
}

// U+180E was a space until Unicode 6.3: a split expression must not take it for one.
TEST(Encoding, WhiteSpaceFollowsThePresentUnicodeProperty) {
  json tokenizer = small_tokenizer({}, json::array());
  const std::string joined = "!\u180e", spaced = "!\u2003";
  tokenizer["model"]["vocab"]["!\u00e1\u0142\u0130"] = 256;  // '!' and the bytes of U+180E, as one entry
  tokenizer["model"]["vocab"]["!\u00e2\u0122\u0125"] = 257;  // '!' and the bytes of U+2003
  tokenizer["model"]["ignore_merges"] = true;
  EXPECT_EQ(load(tokenizer).encode(joined).size(), 1u);
  EXPECT_GT(load(tokenizer).encode(spaced).size(), 1u);
}

TEST(Encoding, AByteWithoutAnEntryIsReportedNotDropped) {
  json tokenizer = small_tokenizer({}, json::array());
  tokenizer["model"]["vocab"].erase("z");
  const Tokenizer loaded = load(tokenizer);
  EXPECT_THAT(loaded.encode("ay"), ElementsAre('a', 'y'));
  EXPECT_THROW(loaded.encode("az"), UserError);
}

TEST(AddedTokens, AreCutOutBeforeTheLongestFirst) {
  const Tokenizer tokenizer = load(
      small_tokenizer({"<m"}, {"< m"}, {added_token(300, "<m>"), added_token(301, "<m>>"), added_token(302, "m>x")}));
  EXPECT_THAT(tokenizer.encode("a<m>b"), ElementsAre('a', 300, 'b'));
  EXPECT_THAT(tokenizer.encode("<m>><m>x"), ElementsAre(301, 300, 'x'));
  EXPECT_THAT(tokenizer.encode("<m"), ElementsAre('<', 'm'));  // the split pattern keeps the merge from it
  EXPECT_EQ(tokenizer.size(), 303);
  EXPECT_EQ(tokenizer.base_size(), 257);
  EXPECT_EQ(tokenizer.id_of("<m>"), 300);
  EXPECT_EQ(tokenizer.id_of("<m"), 256);
  EXPECT_EQ(tokenizer.id_of("<n>"), std::nullopt);
}

TEST(AddedTokens, SwallowWhiteSpaceAsFlagged) {
  const Tokenizer tokenizer =
      load(small_tokenizer({}, json::array(),
                           {added_token(300, "<l>", {{"lstrip", true}}), added_token(301, "<r>", {{"rstrip", true}}),
                            added_token(302, "<n>")}));
  EXPECT_THAT(tokenizer.encode("a \u2003<l> b"), ElementsAre('a', 300, ' ', 'b'));
  EXPECT_THAT(tokenizer.encode("a <r> \n b"), ElementsAre('a', ' ', 301, 'b'));
  EXPECT_THAT(tokenizer.encode(" <n> "), ElementsAre(' ', 302, ' '));
  EXPECT_THAT(tokenizer.encode("<r> <l>"), ElementsAre(301, 300));
}

TEST(AddedTokens, OfTheSingleWordKindStandAlone) {
  const Tokenizer tokenizer =
      load(small_tokenizer({}, json::array(), {added_token(300, "no", {{"single_word", true}})}));
  EXPECT_THAT(tokenizer.encode("no!no"), ElementsAre(300, '!', 300));
  EXPECT_THAT(tokenizer.encode("not"), ElementsAre('n', 'o', 't'));
  EXPECT_THAT(tokenizer.encode("_no"), ElementsAre('_', 'n', 'o'));
  EXPECT_EQ(tokenizer.encode("\u00e9no").size(), 4u);
  EXPECT_EQ(tokenizer.encode("\u00bdno").back(), 300);  // a fraction is no digit
}

TEST(AddedTokens, OfTheNormalizedKindAreFoundInTheComposedText) {
  for (const bool normalized : {false, true}) {
    json tokenizer = small_tokenizer({}, json::array(), {added_token(300, "\u00e9", {{"normalized", normalized}})});
    tokenizer["normalizer"] = {{"type", "NFC"}};
    const Ids ids = load(tokenizer).encode("e\u0301");
    EXPECT_EQ(ids, normalized ? Ids{300} : (Ids{0xC3, 0xA9}));
  }
}

// '>' and U+0338 compose, so a class that composes first no longer sees the token.
TEST(AddedTokens, AreCutOutOfTheRawTextUnlessTheClassIsASlowOne) {
  json tokenizer = small_tokenizer({}, json::array(), {added_token(300, "<m>")});
  tokenizer["normalizer"] = {{"type", "NFC"}};
  const json slow = {{"auto_map", {{"AutoTokenizer", {"tokenization.OwnTokenizer", nullptr}}}}};
  EXPECT_EQ(load(tokenizer).encode("<m>\u0338").front(), 300);
  EXPECT_EQ(load(tokenizer, slow).encode("<m>\u0338").front(), '<');
  EXPECT_EQ(load(tokenizer, slow).encode("<m>e").front(), 300);
}

TEST(Decoding, JoinsBytesOfNeighboursBeforeReadingThem) {
  const Tokenizer tokenizer = load(small_tokenizer({}, json::array(), {added_token(300, "<m>")}));
  EXPECT_EQ(tokenizer.decode(Ids{0xE4, 0xB8, 0xAD}), "\u4e2d");
  EXPECT_EQ(tokenizer.decode(Ids{0xE4, 0xB8, 300, 0xAD}), "\ufffd<m>\ufffd");
}

TEST(Decoding, ReplacesEachMaximalInvalidPartOnce) {
  const Tokenizer tokenizer = load(small_tokenizer({}, json::array()));
  const std::string bad = "\ufffd";
  EXPECT_EQ(tokenizer.decode(Ids{0xF0, 0x9F, 0x98}), bad);                          // cut short
  EXPECT_EQ(tokenizer.decode(Ids{0x41, 0xE4, 0xB8, 0x42}), "A" + bad + "B");        // broken off
  EXPECT_EQ(tokenizer.decode(Ids{0xED, 0xA0, 0x80}), bad + bad + bad);              // a surrogate
  EXPECT_EQ(tokenizer.decode(Ids{0xC0, 0xAF}), bad + bad);                          // overlong
  EXPECT_EQ(tokenizer.decode(Ids{0xF4, 0x90, 0x80, 0x80}), bad + bad + bad + bad);  // past U+10FFFF
  EXPECT_EQ(tokenizer.decode(Ids{0xF4, 0x8F, 0xBF, 0xBF}), "\U0010FFFF");
}

TEST(Decoding, IdsWithoutATokenAddNothing) {
  const Tokenizer tokenizer = load(small_tokenizer({}, json::array(), {added_token(300, "<m>")}));
  EXPECT_EQ(tokenizer.decode(Ids{'a', 280, 301, -1, 1'000'000, 'b'}), "ab");
}

TEST(Decoding, SkipsTheFlaggedTokensOrThoseTheSlowClassNames) {
  const json tokenizer =
      small_tokenizer({}, json::array(),
                      {added_token(300, "<s>", {{"special", true}}), added_token(301, "<e>", {{"special", true}}),
                       added_token(302, "<t>", {{"special", false}})});
  json config = {{"eos_token", "<e>"}, {"pad_token", nullptr}};
  const Ids ids = {'a', 300, 301, 302};
  EXPECT_EQ(load(tokenizer, config).decode(ids), "a<s><e><t>");
  EXPECT_EQ(load(tokenizer, config).decode(ids, true), "a<t>");
  config["auto_map"] = {{"AutoTokenizer", {"tokenization.OwnTokenizer", nullptr}}};
  EXPECT_EQ(load(tokenizer, config).decode(ids, true), "a<s><t>");
  EXPECT_EQ(load(tokenizer, config).token_of_role("eos_token"), "<e>");
  EXPECT_EQ(load(tokenizer, config).token_of_role("pad_token"), std::nullopt);
}

}  // namespace
}  // namespace freeact
