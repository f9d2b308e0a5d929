// Chat templates and the check of reference cases.
#include "tokenizer/chat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tokenizer/byte_level_writer.h"
#include "tokenizer/folders.h"
#include "tokenizer/verify_cases.h"
#include "util/error.h"

namespace freeact {
namespace {

using nlohmann::json;
using test::TemporaryFolder;
using ::testing::HasSubstr;

TEST(Chat, LladaStripsContentsAndAlwaysOpensTheAnswer) {
  const std::vector<Message> messages = {{"user", " \u3000Hi\n"}, {"assistant", "Yes\u00a0"}};
  const std::string expected =
      "<bos><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
      "<|start_header_id|>assistant<|end_header_id|>\n\nYes<|eot_id|>"
      "<|start_header_id|>assistant<|end_header_id|>\n\n";
  EXPECT_EQ(render_chat(ChatFamily::kLlada, messages, true, "<bos>"), expected);
  EXPECT_EQ(render_chat(ChatFamily::kLlada, messages, false, "<bos>"), expected);
}

TEST(Chat, AnOpenMessageIsNotEnded) {
  const Message open = {.role = "assistant", .content = "So:\n", .is_open = true};
  EXPECT_EQ(render_chat(ChatFamily::kLlada, {{"user", "Hi"}, open}, true, "<bos>"),
            "<bos><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\nSo:");
  EXPECT_EQ(render_chat(ChatFamily::kChatMl, {{"user", "Hi"}, open}, true, ""),
            "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nSo:\n");
  EXPECT_EQ(render_chat(ChatFamily::kQwenVl, {{"user", "Hi", {0}}, open}, true, "", {{1}}),
            "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>Hi<|im_end|>\n<|im_start|>assistant\nSo:\n");
}

TEST(Chat, ChatMlKeepsContentsAndObeysTheGenerationPrompt) {
  const std::string turn = "<|im_start|>user\n Hi\n<|im_end|>\n";
  const std::string own_system = "<|im_start|>system\nBe brief.<|im_end|>\n";
  const std::vector<Message> bare = {{"user", " Hi\n"}}, whole = {{"system", "Be brief."}, {"user", " Hi\n"}};
  EXPECT_EQ(render_chat(ChatFamily::kChatMl, bare, true, "Be brief."), own_system + turn + "<|im_start|>assistant\n");
  EXPECT_EQ(render_chat(ChatFamily::kChatMl, bare, false, ""), turn);
  EXPECT_EQ(render_chat(ChatFamily::kChatMl, whole, false, "Be kind."), own_system + turn);
}

TEST(Chat, ChatMlRefusesARoleItWouldDropSilently) {
  EXPECT_THROW(render_chat(ChatFamily::kChatMl, {{"usr", "Hi"}}, true, ""), UserError);
}

TEST(Chat, TheFamilyComesFromTheFolder) {
  TemporaryFolder folder;
  folder.write("tokenizer_config.json", json{{"bos_token", {{"content", "<s>"}}}});
  folder.write("config.json", json{{"model_type", "llada"}});
  EXPECT_TRUE(ChatTemplate::load(folder.path()).render({{"user", "Hi"}}).starts_with("<s><|start_header_id|>user"));
  folder.write("config.json", json{{"model_type", "Dream"}});
  EXPECT_EQ(ChatTemplate::load(folder.path()).family(), ChatFamily::kChatMl);
  folder.write("config.json", json{{"model_type", "lada"}});
  try {
    ChatTemplate::load(folder.path());
    FAIL() << "an unknown family was accepted";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean 'llada'"));
  }
}

TEST(Chat, TheDefaultSystemMessageIsThatOfTheFoldersOwnTemplate) {
  TemporaryFolder folder;
  folder.write("config.json", json{{"model_type", "llama"}});
  const auto opening = [&](const char* chat_template) {
    folder.write("tokenizer_config.json", json{{"chat_template", chat_template}});
    return ChatTemplate::load(folder.path()).render({{"user", "Hi"}}, false);
  };
  const std::string turn = "<|im_start|>user\nHi<|im_end|>\n";
  EXPECT_EQ(opening("{{ '<|im_start|>system\nYou are Ann<|im_end|>\n' }}"),
            "<|im_start|>system\nYou are Ann<|im_end|>\n" + turn);
  EXPECT_EQ(opening("{{- '<|im_start|>system\\n' }} {%- else %} {{- 'You are Bob.' }}"),
            "<|im_start|>system\nYou are Bob.<|im_end|>\n" + turn);
  EXPECT_EQ(opening("{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' }}"), turn);
}

// A folder with a byte-level tokenizer and these cases.
std::vector<TokenizerCaseResult> check(const json& cases) {
  TemporaryFolder folder;
  write_byte_level_tokenizer(folder.path(), {"<|mask|>"}, {{"mask_token", "<|mask|>"}});
  folder.write("config.json", json{{"model_type", "Dream"}});
  folder.write("tokenizer_cases.json", cases);
  return check_tokenizer_cases(folder.path());
}

json ids_of(const char* letters) {
  json ids = json::array();
  for (; *letters; ++letters) ids.push_back(*letters - '!');
  return ids;
}

TEST(VerifyCases, PassAndFailCaseByCase) {
  const auto results = check(
      {{"note", "ignored"},
       {"encode",
        {{{"text", "ab"}, {"ids", ids_of("ab")}, {"decoded", "ab"}},
         {{"text", "ab"}, {"ids", ids_of("ac")}, {"decoded", "ac"}}}},
       {"decode_only", {{{"ids", {256, 64}}, {"decoded", "<|mask|>a"}, {"decoded_skip_special", "a"}}}},
       {"special",
        {{"mask_token", {{"token", "<|mask|>"}, {"id", 256}}}, {"bos_token", {{"token", nullptr}, {"id", nullptr}}}}},
       {"vocab", {{"base", 256}, {"total", 257}}}});
  std::vector<std::string> failed;
  for (const auto& result : results)
    if (!result.passed) failed.push_back(result.name);
  EXPECT_EQ(results.size(), 6u);
  EXPECT_THAT(failed, ::testing::ElementsAre("encode/1"));
}

TEST(VerifyCases, WhatIsNotUnderstoodFails) {
  const auto results = check({{"chat", {{{"messages", {{{"role", "user"}, {"content", {1, 2}}}}}}}},
                              {"encode", {{{"txt", "ab"}}}},
                              {"pairs", json::array()}});
  EXPECT_EQ(results.size(), 3u);
  for (const auto& result : results) {
    EXPECT_FALSE(result.passed) << result.name;
    EXPECT_THAT(result.detail, HasSubstr("not understood"));
  }
}

}  // namespace
}  // namespace freeact
