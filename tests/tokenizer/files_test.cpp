// The two published forms of a tokenizer folder, what is written, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "message_of.h"
#include "tokenizer/byte_level_writer.h"
#include "tokenizer/folders.h"
#include "tokenizer/tokenizer.h"
#include "util/error.h"

namespace freeact {
namespace {

using nlohmann::json;
using test::byte_vocabulary;
using test::small_tokenizer;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ids = std::vector<int64_t>;

std::string loading_error(const TemporaryFolder& folder) {
  return message_of<UserError>([&] { Tokenizer::load(folder.path()); });
}

// What loading says about a small tokenizer.json after a change.
std::string error_after(const std::function<void(json&)>& change) {
  TemporaryFolder folder;
  json tokenizer = small_tokenizer({"ab"}, {"a b"});
  change(tokenizer);
  folder.write("tokenizer.json", tokenizer);
  return loading_error(folder);
}

TEST(VocabAndMerges, AreReadWithoutTokenizerJson) {
  TemporaryFolder folder;
  folder.write("vocab.json", byte_vocabulary({"th", "the", "#v"}));
  folder.write("merges.txt", std::string("#version: 0.2\r\nt h\r\n\nth e\n# v"));
  folder.write("added_tokens.json", json{{"<|mask|>", 400}, {"<tool>", 401}});
  folder.write("special_tokens_map.json", json{{"mask_token", {{"content", "<|mask|>"}}}});
  folder.write("tokenizer_config.json", json{{"tokenizer_class", "Qwen2TokenizerFast"}});
  const Tokenizer tokenizer = Tokenizer::load(folder.path());
  EXPECT_THAT(tokenizer.encode("the<|mask|>#v12"), ElementsAre(257, 400, 258, '1', '2'));
  EXPECT_EQ(tokenizer.decode(Ids{'a', 400, 401}, true), "a<tool>");
  EXPECT_EQ(tokenizer.token_of_role("mask_token"), "<|mask|>");
  EXPECT_EQ(tokenizer.size(), 402);
}

TEST(VocabAndMerges, NeedAKnownClassForTheSplitPattern) {
  TemporaryFolder folder;
  folder.write("vocab.json", byte_vocabulary({}));
  folder.write("merges.txt", std::string("#version: 0.2\n"));
  folder.write("tokenizer_config.json", json{{"tokenizer_class", "T5Tokenizer"}});
  EXPECT_THAT(loading_error(folder), AllOf(HasSubstr("tokenizer_config.json"), HasSubstr("'T5Tokenizer'")));
}

TEST(VocabAndMerges, AFaultyMergeIsNamedByItsLine) {
  TemporaryFolder folder;
  folder.write("vocab.json", byte_vocabulary({"ab"}));
  folder.write("merges.txt", std::string("#version: 0.2\na b\nabc\n"));
  folder.write("tokenizer_config.json", json{{"tokenizer_class", "GPT2Tokenizer"}});
  EXPECT_THAT(loading_error(folder), HasSubstr("merges.txt:3: "));
}

TEST(Refusals, MissingFilesAndFolders) {
  TemporaryFolder folder;
  EXPECT_THAT(loading_error(folder), AllOf(HasSubstr(folder.path().string()), HasSubstr("tokenizer.json")));
  folder.write("vocab.json", byte_vocabulary({}));
  EXPECT_THAT(loading_error(folder), HasSubstr("'merges.txt' is missing"));
  EXPECT_THAT(message_of<UserError>([&] { Tokenizer::load(folder.path() / "nowhere"); }), HasSubstr("nowhere"));
}

TEST(Refusals, CorruptJson) {
  TemporaryFolder folder;
  const std::string whole = small_tokenizer({}, json::array()).dump();
  folder.write("tokenizer.json", whole.substr(0, whole.size() / 2));
  EXPECT_THAT(loading_error(folder), HasSubstr("tokenizer.json"));
  folder.write("tokenizer.json", std::string("[1, 2]"));
  EXPECT_THAT(loading_error(folder), HasSubstr("must be an object"));
}

TEST(Refusals, UnknownKindsAreNamed) {
  EXPECT_THAT(error_after([](json& t) { t["model"]["type"] = "Unigram"; }), HasSubstr("'Unigram'"));
  EXPECT_THAT(error_after([](json& t) { t["model"]["byte_fallback"] = true; }), HasSubstr("byte_fallback"));
  EXPECT_THAT(error_after([](json& t) { t["normalizer"] = {{"type", "Lowercase"}}; }), HasSubstr("'Lowercase'"));
  EXPECT_THAT(error_after([](json& t) { t["pre_tokenizer"] = {{"type", "Metaspace"}}; }), HasSubstr("'Metaspace'"));
  EXPECT_THAT(error_after([](json& t) { t["decoder"] = {{"type", "WordPiece"}}; }), HasSubstr("'WordPiece'"));
  EXPECT_THAT(error_after([](json& t) { t["pre_tokenizer"] = nullptr; }), HasSubstr("ByteLevel"));
}

TEST(Refusals, FaultyContentIsNamedWithItsPlace) {
  EXPECT_THAT(error_after([](json& t) { t.erase("model"); }), HasSubstr("no key 'model'"));
  EXPECT_THAT(error_after([](json& t) { t["model"]["merges"] = {"a b", "abc"}; }), HasSubstr("model.merges[1]"));
  EXPECT_THAT(error_after([](json& t) { t["model"]["merges"] = {7}; }), HasSubstr("model.merges[0]"));
  EXPECT_THAT(error_after([](json& t) { t["model"]["merges"] = {"b a"}; }), HasSubstr("'ba'"));
  EXPECT_THAT(error_after([](json& t) { t["model"]["vocab"]["a"] = "x"; }), HasSubstr("model.vocab.a"));
  EXPECT_THAT(error_after([](json& t) { t["model"]["vocab"]["a"] = 98; }), HasSubstr("id 98"));
  EXPECT_THAT(error_after([](json& t) { t["model"]["vocab"]["a"] = -1; }), HasSubstr("-1"));
  EXPECT_THAT(error_after([](json& t) { t["model"]["vocab"]["a"] = 99'999'999'999; }), HasSubstr("99999999999"));
  EXPECT_THAT(error_after([](json& t) { t["added_tokens"] = {{{"content", "<m>"}}}; }), HasSubstr("added_tokens[0]"));
  EXPECT_THAT(error_after([](json& t) {
                t["pre_tokenizer"] = {{"type", "Split"}, {"pattern", {{"Regex", "(a"}}}};
              }),
              HasSubstr("split pattern '(a'"));
  EXPECT_THAT(error_after([](json& t) {
                t["added_tokens"] = {{{"id", 300}, {"content", "<a>"}}, {{"id", 300}, {"content", "<b>"}}};
              }),
              HasSubstr("id 300"));
}

TEST(ByteLevelWriter, WhatItWritesIsReadBack) {
  TemporaryFolder folder;
  write_byte_level_tokenizer(folder.path(), {"<|mask|>", "<|end|>"},
                             {{"mask_token", "<|mask|>"}, {"eos_token", "<|end|>"}});
  const Tokenizer tokenizer = Tokenizer::load(folder.path());
  EXPECT_EQ(tokenizer.size(), 258);
  EXPECT_EQ(tokenizer.id_of("!"), 0);
  EXPECT_EQ(tokenizer.id_of("<|mask|>"), 256);
  EXPECT_EQ(tokenizer.token_of_role("eos_token"), "<|end|>");
  const std::string text = "caf\u00e9 12\n<|mask|>x<|end|>";
  const Ids ids = tokenizer.encode(text);
  EXPECT_EQ(ids.size(), 9u + 1 + 1 + 1);
  EXPECT_EQ(tokenizer.decode(ids), text);
  EXPECT_EQ(tokenizer.decode(ids, true), "caf\u00e9 12\nx");
}

TEST(ByteLevelWriter, EveryByteHasOneOf256Ids) {
  TemporaryFolder folder;
  write_byte_level_tokenizer(folder.path(), {});
  const Tokenizer tokenizer = Tokenizer::load(folder.path());
  std::vector<int64_t> seen(256, 0);
  for (int byte = 0; byte < 256; ++byte) {
    const Ids ids = tokenizer.encode(std::string(1, static_cast<char>(byte)));
    ASSERT_EQ(ids.size(), 1u);
    ++seen.at(static_cast<size_t>(ids[0]));
  }
  EXPECT_EQ(seen, Ids(256, 1));
}

TEST(ByteLevelWriter, RefusesARoleWithoutItsToken) {
  TemporaryFolder folder;
  EXPECT_THROW(write_byte_level_tokenizer(folder.path(), {"<|mask|>"}, {{"eos_token", "<|mas|>"}}), UserError);
  EXPECT_THROW(write_byte_level_tokenizer(folder.path(), {"<|mask|>", "<|mask|>"}), UserError);
}

}  // namespace
}  // namespace freeact
