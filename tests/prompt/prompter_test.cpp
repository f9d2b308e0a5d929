#include "prompt/prompter.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "eval/tiny_vision.h"

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

}  // namespace
}  // namespace freeact
