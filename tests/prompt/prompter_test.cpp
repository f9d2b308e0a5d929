#include "prompt/prompter.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "eval/tiny_vision.h"
#include "image/drawing.h"

namespace freeact {
namespace {

using testing::ElementsAre;

TEST(Prompter, EndsTheTurnOfAModelThatItselfOnlyEndsTexts) {
  const auto folder = std::filesystem::path(testing::TempDir()) / fmt::format("prompter_{}", ::getpid());
  write_tiny_vision(folder);
  const LoadedModel model = load_model(folder, "", at::kFloat);
  const Prompter prompter(model, folder);
  std::filesystem::remove_all(folder);

  const int64_t turn_end = model.tokenizer.id_of("<|im_end|>").value();
  EXPECT_FALSE(model.decoder.config.ends_answer(turn_end));
  const Decoder chatting = prompter.ending_turns(model.decoder);
  EXPECT_TRUE(chatting.config.ends_answer(turn_end));
  EXPECT_TRUE(chatting.config.ends_answer(model.decoder.config.eos_id));
  EXPECT_THAT(prompter.ending_turns(chatting).config.more_stop_ids, ElementsAre(turn_end)) << "once is enough";
  EXPECT_TRUE(chatting.embedding.is_same(model.decoder.embedding)) << "tensors are shared";
}

// The text of the tokens of a prompt that have a role.
std::string text_of(const LoadedModel& model, const TokenBatch& prompt, TokenRole role) {
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < prompt.length(); ++i)
    if (prompt.roles_BT[0][i].item<int64_t>() == static_cast<int64_t>(role))
      ids.push_back(prompt.ids_BT[0][i].item<int64_t>());
  return model.tokenizer.decode(ids);
}

TEST(Prompter, TellsWhoseEachTokenIsWhereTokenTypesAskForIt) {
  const auto folder = std::filesystem::path(testing::TempDir()) / fmt::format("roles_{}", ::getpid());
  write_tiny_vision(folder);
  LoadedModel model = load_model(folder, "", at::kFloat);
  const std::vector<Message> messages = {
      {"system", "Be brief."}, {"user", "user\nor not?"}, {"assistant", "a"}, {"user", "b"}};
  EXPECT_FALSE(Prompter(model, folder).prompt(messages).roles_BT.defined());
  set_type_rule(model.decoder.config, {TypeScheme::kTextVisionSystemAnswer});
  const TokenBatch prompt = Prompter(model, folder).prompt(messages);
  EXPECT_EQ(text_of(model, prompt, TokenRole::kQuestion), "user\nor not?b");
  EXPECT_EQ(text_of(model, prompt, TokenRole::kAnswer), "a");
  EXPECT_EQ(text_of(model, prompt, TokenRole::kSystem),
            "<s><|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n<|im_end|>\n<|im_start|>assistant\n"
            "<|im_end|>\n<|im_start|>user\n<|im_end|>\n<|im_start|>assistant\n");

  const TokenBatch asked = Prompter(model, folder).question("What?", {draw_image("28x28 teal")});
  EXPECT_TRUE(at::equal(model.decoder.types(asked) == 1, asked.ids_BT == model.decoder.config.feature_id));
  EXPECT_THAT(text_of(model, asked, TokenRole::kQuestion), testing::EndsWith("</img>\nWhat?"));
  const TokenBatch answered = extended(asked, Prompter(model, folder).answer("Teal"));
  EXPECT_EQ(text_of(model, answered, TokenRole::kAnswer), "Teal<|im_end|>");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace freeact
