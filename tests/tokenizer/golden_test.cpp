// The published tokenizers' own outputs, where the reference folders are at hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "message_of.h"
#include "tokenizer/folders.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/verify_cases.h"
#include "util/error.h"

namespace freeact {
namespace {

using test::shared_folder;
using test::TemporaryFolder;

void expect_all_cases_pass(const test::fs::path& folder) {
  const auto results = check_tokenizer_cases(folder);
  EXPECT_GT(results.size(), 70u) << "the smallest set has 79 cases";
  for (const auto& result : results) EXPECT_TRUE(result.passed) << result.name << ": " << result.detail;
}

class PublishedTokenizer : public ::testing::TestWithParam<const char*> {};

TEST_P(PublishedTokenizer, GivesTheReferenceOutputs) {
  const auto folder = shared_folder() / "golden" / GetParam();
  if (!exists(folder)) GTEST_SKIP() << "no reference folder " << GetParam();
  expect_all_cases_pass(folder);
}

INSTANTIATE_TEST_SUITE_P(Families, PublishedTokenizer,
                         ::testing::Values("llada_tiny", "dream_tiny", "qwen2_5_vl_tiny", "internvl2_5_tiny"));

// A download that broke off, at many places: never a crash, and one line that names the file.
TEST(SentencePieceModel, TruncatedIsRefusedByName) {
  const auto golden = shared_folder() / "golden" / "internvl2_5_tiny";
  if (!exists(golden)) GTEST_SKIP() << "no reference folder internvl2_5_tiny";
  for (const size_t size : {size_t{0}, size_t{1}, size_t{7}, size_t{500}, size_t{4001}, size_t{9001}}) {
    TemporaryFolder folder;
    for (const auto& entry : test::fs::directory_iterator(golden))
      if (entry.path().extension() == ".json") folder.copy(entry.path());
    folder.copy(golden / "tokenizer.model");
    test::fs::permissions(folder.path() / "tokenizer.model", test::fs::perms::owner_all);
    test::fs::resize_file(folder.path() / "tokenizer.model", size);
    EXPECT_THAT(message_of<UserError>([&] { Tokenizer::load(folder.path()); }), ::testing::HasSubstr("tokenizer.model"))
        << size << " bytes";
  }
}

// Dream is published without tokenizer.json.
class DreamWithoutTokenizerJson : public ::testing::TestWithParam<bool> {};

TEST_P(DreamWithoutTokenizerJson, GivesTheReferenceOutputs) {
  const auto golden = shared_folder() / "golden" / "dream_tiny";
  if (!exists(golden)) GTEST_SKIP() << "no reference folder dream_tiny";
  TemporaryFolder folder;
  for (const char* name : {"vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json", "config.json",
                           "tokenizer_cases.json"})
    folder.copy(golden / name);
  auto config = read_json(golden / "tokenizer_config.json");
  // Without the newer list the older files must give the same tokens.
  if (GetParam()) config.erase("added_tokens_decoder");
  folder.write("tokenizer_config.json", config);
  expect_all_cases_pass(folder.path());
}

INSTANTIATE_TEST_SUITE_P(Forms, DreamWithoutTokenizerJson, ::testing::Bool(),
                         [](const auto& form) { return form.param ? "AddedTokensFile" : "AddedTokensDecoder"; });

nlohmann::json qwen2_config(const nlohmann::json& added) {
  nlohmann::json decoder = nlohmann::json::object();
  for (const auto& [content, id] : added.items())
    decoder[std::to_string(id.get<int>())] = {{"content", content}, {"special", true}};
  return {{"tokenizer_class", "Qwen2Tokenizer"}, {"added_tokens_decoder", decoder}};
}

TEST(RealVocabulary, Qwen2EncodesAndDecodesTheGoldenTexts) {
  const auto source = shared_folder() / "tokenizers" / "qwen2";
  if (!exists(source)) GTEST_SKIP() << "no reference folder qwen2";
  TemporaryFolder folder;
  folder.copy(source / "vocab.json");
  folder.copy(source / "merges.txt");
  folder.write("tokenizer_config.json",
               qwen2_config({{"<|endoftext|>", 151643}, {"<|im_start|>", 151644}, {"<|im_end|>", 151645}}));
  const Tokenizer tokenizer = Tokenizer::load(folder.path());

  std::ifstream lines(source / "golden_ids.jsonl");
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto golden = nlohmann::json::parse(line);
    const auto text = golden["text"].get<std::string>();
    const auto ids = golden["ids"].get<std::vector<int64_t>>();
    EXPECT_EQ(tokenizer.encode(text), ids) << text;
    EXPECT_EQ(tokenizer.encode(tokenizer.decode(ids)), ids) << text;
  }
  EXPECT_EQ(count, 316);
}

TEST(RealVocabulary, DreamGivesTheAnchoredIds) {
  const auto qwen2 = shared_folder() / "tokenizers" / "qwen2", dream = shared_folder() / "tokenizers" / "dream";
  const auto anchors = shared_folder() / "golden" / "real_vocab_anchors.json";
  if (!exists(qwen2) || !exists(dream) || !exists(anchors)) GTEST_SKIP() << "no reference folders";
  TemporaryFolder folder;
  for (const auto& file : {qwen2 / "vocab.json", qwen2 / "merges.txt", dream / "added_tokens.json",
                           dream / "tokenizer_config.json", dream / "special_tokens_map.json"})
    folder.copy(file);
  const Tokenizer tokenizer = Tokenizer::load(folder.path());
  const auto expected = read_json(anchors)["dream"];
  for (const auto& item : expected["encode"])
    EXPECT_EQ(tokenizer.encode(item["text"].get<std::string>()), item["ids"].get<std::vector<int64_t>>())
        << item["text"];
  for (const auto& [token, id] : expected["special"].items()) EXPECT_EQ(tokenizer.id_of(token), id.get<int64_t>());
  EXPECT_EQ(tokenizer.size(), 151667);
}

// The pieces of text of the vision family's tokenizer, which is of the same kind.
TEST(RealVocabulary, Qwen2VlTinyEncodesAndDecodes) {
  const auto folder = shared_folder() / "golden" / "qwen2_5_vl_tiny";
  if (!exists(folder)) GTEST_SKIP() << "no reference folder qwen2_5_vl_tiny";
  const Tokenizer tokenizer = Tokenizer::load(folder);
  const auto cases = read_json(folder / "tokenizer_cases.json");
  for (const auto& item : cases["encode"])
    EXPECT_EQ(tokenizer.encode(item["text"].get<std::string>()), item["ids"].get<std::vector<int64_t>>())
        << item["text"];
  for (const auto& item : cases["decode_only"])
    EXPECT_EQ(tokenizer.decode(item["ids"].get<std::vector<int64_t>>()), item["decoded"].get<std::string>());
}

}  // namespace
}  // namespace freeact
