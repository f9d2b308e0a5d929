// Sentencepiece vocabularies (tokenizer.model), read as InternLM2's tokenizer class reads them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <functional>

#include "message_of.h"
#include "tokenizer/folders.h"
#include "tokenizer/protobuf_reading.h"
#include "tokenizer/sentencepiece_model.h"
#include "tokenizer/tokenizer.h"
#include "util/error.h"

namespace freeact {
namespace {

using nlohmann::json;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ids = std::vector<int64_t>;

// Writing of the wire format: tags, then varints, byte strings or four bytes.
std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string number_field(unsigned number, uint64_t value) {
  return varint(number << 3) + varint(value);
}
std::string bytes_field(unsigned number, const std::string& bytes) {
  return varint(number << 3 | 2) + varint(bytes.size()) + bytes;
}
std::string float_field(unsigned number, float value) {
  std::string bytes = varint(number << 3 | 5);
  const auto bits = std::bit_cast<uint32_t>(value);
  for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(bits >> shift);
  return bytes;
}

std::string written(const SentencePiece& piece) {
  return bytes_field(
      1, bytes_field(1, piece.text) + float_field(2, piece.score) + number_field(3, static_cast<uint64_t>(piece.type)));
}

constexpr int kFirstPiece = 259;  // behind <unk>, <s>, </s> and the bytes, which are 3 + byte

struct Specification {
  uint64_t model_type = 2;
  bool byte_fallback = true, dummy_prefix = false;
  std::string character_map = "";
};

std::string model_file(const std::vector<SentencePiece>& own, const Specification& s = {}) {
  std::string file;
  file += written({"<unk>", 0, PieceType::kUnknown});
  for (const char* control : {"<s>", "</s>"}) file += written({control, 0, PieceType::kControl});
  for (int byte = 0; byte < 256; ++byte) file += written({fmt::format("<0x{:02X}>", byte), 0, PieceType::kByte});
  for (const SentencePiece& piece : own) file += written(piece);
  file += bytes_field(2, number_field(3, s.model_type) + number_field(35, s.byte_fallback));
  file += bytes_field(3, bytes_field(2, s.character_map) + number_field(3, s.dummy_prefix) + number_field(4, 0));
  return file;
}

// Ids from kFirstPiece on: 259 "▁", 260 a, 261 b, 262 c, 263 bc, 264 ab, 265 "▁a", 266 aa, 267 ".", 268 "\0",
// 269 "[x]", 270 "[x]]" (both cut out whole), 271 "[U]", which the settings rename to <|end|>.
const std::vector<SentencePiece> kPieces = {
    {"\u2581", -9},
    {"a", -9},
    {"b", -9},
    {"c", -9},
    {"bc", -1},
    {"ab", -2},
    {"\u2581a", -3},
    {"aa", -4},
    {".", -9},
    {std::string(1, '\0'), -9},
    {"[x]", 0, PieceType::kUserDefined},
    {"[x]]", 0, PieceType::kUserDefined},
    {"[U]", 0, PieceType::kUserDefined},
};

json settings() {
  json decoder = json::object();
  const auto add = [&](int id, const char* content, bool special) {
    decoder[std::to_string(id)] = {{"content", content}, {"special", special}};
  };
  add(0, "<unk>", true);
  add(1, "<s>", true);
  add(2, "</s>", true);
  add(271, "<|end|>", true);
  add(272, "<img>", true);
  add(273, "<tool>", false);
  return {{"tokenizer_class", "InternLM2Tokenizer"},
          {"added_tokens_decoder", decoder},
          {"additional_special_tokens", {"<|end|>", "<img>"}},
          {"bos_token", "<s>"},
          {"eos_token", "</s>"},
          {"unk_token", "<unk>"}};
}

Tokenizer load(const std::string& file, const json& config = settings()) {
  TemporaryFolder folder;
  folder.write("tokenizer.model", file);
  folder.write("tokenizer_config.json", config);
  return Tokenizer::load(folder.path());
}

std::string loading_error(const std::string& file, const json& config = settings()) {
  return message_of<UserError>([&] { load(file, config); });
}

TEST(SentencePiece, TheBestScoredPairIsMergedFirstAndOfEqualsTheLeftmost) {
  const Tokenizer tokenizer = load(model_file(kPieces));
  EXPECT_THAT(tokenizer.encode("abc"), ElementsAre(260, 263));  // bc before ab
  EXPECT_THAT(tokenizer.encode("ab"), ElementsAre(264));
  EXPECT_THAT(tokenizer.encode("aaa"), ElementsAre(266, 260));
  EXPECT_THAT(tokenizer.encode(" aa"), ElementsAre(265, 260));
  EXPECT_THAT(tokenizer.encode(""), ElementsAre());
}

TEST(SentencePiece, NothingIsAddedToOrTakenFromTheText) {
  const Tokenizer tokenizer = load(model_file(kPieces));
  for (const std::string text : {"a", " a", "  a ", "\n a\t", "\u4f60 b"}) {
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
  }
}

TEST(SentencePiece, WhatNoPieceCoversIsWrittenInBytes) {
  const Tokenizer tokenizer = load(model_file(kPieces));
  EXPECT_THAT(tokenizer.encode("a\u00e9"), ElementsAre(260, 3 + 0xC3, 3 + 0xA9));
  EXPECT_THAT(tokenizer.encode("\xFF\xE4\xBD"), ElementsAre(3 + 0xFF, 3 + 0xE4, 3 + 0xBD));
  EXPECT_THAT(tokenizer.encode(std::string("a\0b", 3)), ElementsAre(260, 3, 261));  // not the piece 268
}

TEST(SentencePiece, AddedTokensAreCutOutFirstThenTheLongestUserDefinedPieces) {
  const Tokenizer tokenizer = load(model_file(kPieces));
  EXPECT_THAT(tokenizer.encode("a[x]]b[x]"), ElementsAre(260, 270, 261, 269));
  EXPECT_THAT(tokenizer.encode("a<|end|>[U]b"), ElementsAre(260, 271, 271, 261));
  EXPECT_THAT(tokenizer.encode("a<img>b"), ElementsAre(260, 272, 261));  // no bc-like merge across it
}

TEST(SentencePiece, DecodingPutsSpacesAtAddedTokensAsThePublishedClassDoes) {
  const Tokenizer tokenizer = load(model_file(kPieces));
  EXPECT_EQ(tokenizer.decode(Ids{1, 260, 271, 261}), " <s> a<|end|>b");
  EXPECT_EQ(tokenizer.decode(Ids{1, 1, 260}), " <s><s>a");
  EXPECT_EQ(tokenizer.decode(Ids{260, 272, 272, 261}), "a <img> <img> b");
  EXPECT_EQ(tokenizer.decode(Ids{260, 273}), "a <tool>");
  EXPECT_EQ(tokenizer.decode(Ids{1, 260, 272, 273, 261, 2}, /*skip_special=*/true), "a <tool> b");
}

TEST(SentencePiece, DecodingRemovesSpacesBeforePunctuation) {
  EXPECT_EQ(load(model_file(kPieces)).decode(Ids{260, 259, 267}), "a.");
}

TEST(SentencePiece, BytesThatAreNoCharacterGiveOneReplacementEach) {
  const Tokenizer tokenizer = load(model_file(kPieces));
  const int64_t e4 = 3 + 0xE4, bd = 3 + 0xBD, a0 = 3 + 0xA0;
  EXPECT_EQ(tokenizer.decode(Ids{e4, bd, a0}), "\u4f60");
  EXPECT_EQ(tokenizer.decode(Ids{e4, bd}), "\uFFFD\uFFFD");
  EXPECT_EQ(tokenizer.decode(Ids{e4, bd, 260, a0}), "\uFFFD\uFFFDa\uFFFD");
}

TEST(SentencePiece, IdsBeyondTheVocabularyAddNothing) {
  const Tokenizer tokenizer = load(model_file(kPieces));
  EXPECT_EQ(tokenizer.size(), 274);
  EXPECT_EQ(tokenizer.base_size(), 272);
  EXPECT_EQ(tokenizer.decode(Ids{-1, 260, 274, 100'000'000'000, 261}), "ab");
}

TEST(SentencePiece, ModelsOfAnotherKindAreNamed) {
  EXPECT_THAT(loading_error(model_file(kPieces, {.model_type = 1})), HasSubstr("must be BPE"));
  EXPECT_THAT(loading_error(model_file(kPieces, {.byte_fallback = false})), HasSubstr("byte_fallback"));
  EXPECT_THAT(loading_error(model_file(kPieces, {.dummy_prefix = true})), HasSubstr("add_dummy_prefix"));
  EXPECT_THAT(loading_error(model_file(kPieces, {.character_map = "x"})), HasSubstr("'identity'"));
  json config = settings();
  config["tokenizer_class"] = "LlamaTokenizer";
  EXPECT_THAT(loading_error(model_file(kPieces), config), HasSubstr("'LlamaTokenizer'"));
}

TEST(SentencePiece, FaultyPiecesAreNamed) {
  EXPECT_THAT(loading_error(model_file({{"a", -1}, {"a", -2}})), AllOf(HasSubstr("260 ('a')"), HasSubstr("twice")));
  EXPECT_THAT(loading_error(model_file({{"", -1}})), HasSubstr("piece 259 is empty"));
  EXPECT_THAT(loading_error(model_file({{"\xFF", -1}})), HasSubstr("piece 259 is not UTF-8"));
  EXPECT_THAT(loading_error(model_file({{"a", std::bit_cast<float>(0x7FC00000U)}})), HasSubstr("no finite score"));
  EXPECT_THAT(loading_error(model_file({{"<0xGG>", 0, PieceType::kByte}})), HasSubstr("'<0xGG>'"));
  EXPECT_THAT(loading_error(model_file({{"a", 0, PieceType::kUnknown}})), HasSubstr("2 unknown pieces"));
}

TEST(SentencePiece, ADamagedFileIsRefusedByName) {
  EXPECT_THAT(loading_error(""), HasSubstr("tokenizer.model"));
  EXPECT_THAT(loading_error("version https://git-lfs.github.com/spec/v1\n"), HasSubstr("tokenizer.model"));
  const std::string whole = model_file(kPieces);
  for (size_t length = 1; length < whole.size() - 6; length += 97)
    EXPECT_THAT(loading_error(whole.substr(0, length)), HasSubstr("tokenizer.model")) << length;
}

TEST(ProtobufReader, LengthsBeyondTheEndAreRefused) {
  const auto read = [](const std::string& message) {
    ProtobufReader reader(message);
    while (reader.next()) {
    }
  };
  EXPECT_NO_THROW(read(number_field(1, ~uint64_t{0}) + bytes_field(2, "ab") + float_field(3, 1)));
  EXPECT_THROW(read("\x0A\x05"
                    "ab"),
               UserError);
  EXPECT_THROW(read(varint(1 << 3 | 2) + varint(~uint64_t{0})), UserError);
  EXPECT_THROW(read("\x08" + std::string(11, '\x80')), UserError);
  EXPECT_THROW(read(varint(1 << 3 | 3)), UserError);  // a group
}

}  // namespace
}  // namespace freeact
