// Images in chat templates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message_of.h"
#include "tokenizer/byte_level_writer.h"
#include "tokenizer/chat.h"
#include "tokenizer/folders.h"
#include "util/error.h"

namespace freeact {
namespace {

using nlohmann::json;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kTwo = "<|vision_start|><|image_pad|><|image_pad|><|vision_end|>";
const std::string kOne = "<|vision_start|><|image_pad|><|vision_end|>";

TEST(ChatImages, EachImageTakesItsOwnNumberOfTokensWhereItStands) {
  const std::vector<Message> messages = {{"user", "left right", {0, 5}}, {"assistant", "Yes"}, {"user", "and", {3}}};
  EXPECT_EQ(render_chat(ChatFamily::kQwenVl, messages, true, "", {{2, 1, 2}}),
            "<|im_start|>user\n" + kTwo + "left " + kOne +
                "right<|im_end|>\n<|im_start|>assistant\nYes<|im_end|>\n<|im_start|>user\nand" + kTwo +
                "<|im_end|>\n<|im_start|>assistant\n");
}

TEST(ChatImages, QwenCanNumberThem) {
  EXPECT_EQ(render_chat(ChatFamily::kQwenVl, {{"user", "ab", {0, 1}}}, false, "", {{1, 1}, /*numbered=*/true}),
            "<|im_start|>user\nPicture 1: " + kOne + "aPicture 2: " + kOne + "b<|im_end|>\n");
}

TEST(ChatImages, InternVlBeginsWithItsTokenAndSystemMessage) {
  EXPECT_EQ(render_chat(ChatFamily::kInternVl, {{"user", "\nWhat?", {0}}}, true, "Be brief.", {{3}}),
            "<s><|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n<img><IMG_CONTEXT><IMG_CONTEXT><IMG_CONTEXT>"
            "</img>\nWhat?<|im_end|>\n<|im_start|>assistant\n");
}

TEST(ChatImages, MarksInATextAreTheirPlaces) {
  const Message message = message_with_images("user", "<image>\nA <image><image>?");
  EXPECT_EQ(message.content, "\nA ?");
  EXPECT_THAT(message.images, ElementsAre(0, 3, 3));
  EXPECT_TRUE(message_with_images("user", "an <imag e>").images.empty());
}

TEST(ChatImages, AQuestionHasItsImagesInFront) {
  const Message internvl = question_with_images(ChatFamily::kInternVl, "Both?", 2);
  EXPECT_EQ(internvl.content, "\n\nBoth?");
  EXPECT_THAT(internvl.images, ElementsAre(0, 1));
  EXPECT_EQ(question_with_images(ChatFamily::kQwenVl, "Both?", 2).content, "Both?");
}

TEST(ChatImages, CountsThatDoNotFitAreRefused) {
  EXPECT_THROW(render_chat(ChatFamily::kQwenVl, {{"user", "a", {0}}}, true, "", {{1, 1}}), UserError);
  EXPECT_THROW(render_chat(ChatFamily::kInternVl, {{"user", "a", {0}}}, true, "", {}), UserError);
  EXPECT_THROW(render_chat(ChatFamily::kLlada, {{"user", "a", {0}}}, true, "", {{1}}), UserError);
}

TEST(ChatImages, TheFamilyComesFromTheFolder) {
  TemporaryFolder folder;
  folder.write("config.json", json{{"model_type", "qwen2_5_vl"}});
  EXPECT_EQ(ChatTemplate::load(folder.path()).render({{"user", "a"}}, false),
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\na<|im_end|>\n");
  folder.write("config.json", json{{"model_type", "internvl_chat"}, {"template", "internvl2_5"}});
  EXPECT_EQ(ChatTemplate::load(folder.path()).family(), ChatFamily::kInternVl);
  folder.write("config.json", json{{"model_type", "internvl_chat"}, {"template", "chatml"}});
  EXPECT_EQ(ChatTemplate::load(folder.path()).render({{"user", "\na", {0}}}, true, {{2}}),
            "<|im_start|>user\n<img><IMG_CONTEXT><IMG_CONTEXT></img>\na<|im_end|>\n<|im_start|>assistant\n");
  folder.write("config.json", json{{"model_type", "internvl_chat"}, {"template", "internvl2_6"}});
  EXPECT_THROW(ChatTemplate::load(folder.path()), UserError);
}

TEST(ChatImages, ATokenizerWithoutThePlaceholderIsRefused) {
  TemporaryFolder folder;
  folder.write("config.json", json{{"model_type", "qwen2_5_vl"}});
  write_byte_level_tokenizer(folder.path(), {"<|im_start|>"});
  EXPECT_THAT(message_of<UserError>([&] { ChatTemplate::load(folder.path()).check(Tokenizer::load(folder.path())); }),
              HasSubstr("<|image_pad|>"));
}

}  // namespace
}  // namespace freeact
