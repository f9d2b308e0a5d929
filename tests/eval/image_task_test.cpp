// Questions about images.
#include <gmock/gmock.h>

#include <cmath>

#include "eval/conversation.h"
#include "eval/evaluate.h"
#include "eval/respond.h"
#include "fixtures.h"
#include "generation/text.h"
#include "image/encode_png.h"
#include "image/image.h"
#include "tiny_vision.h"
#include "util/error.h"
#include "util/hash.h"

namespace freeact {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class ImageTask : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test_folder();
    write_tiny_vision(folder_ / "model");
    write_circles(folder_ / "circles");
    model_ = std::make_unique<LoadedModel>(load_model(folder_ / "model", "", at::kFloat));
    prompter_ = std::make_unique<Prompter>(*model_, folder_ / "model");
    settings_.name = "circles";
    settings_.dataset = "circles";
    settings_.generation.chat = true;
    settings_.generation.max_new_tokens = 3;
    settings_.answer_nll = true;
  }
  TaskResult evaluate() const {
    return evaluate_task(folder_, settings_, model_->decoder, model_->tokenizer, 1, prompter_.get());
  }
  static double value_of(const TaskResult& result, const std::string& metric) {
    for (const auto& m : result.metrics)
      if (m.name == metric) return m.value;
    ADD_FAILURE() << "no metric " << metric;
    return NAN;
  }
  DatasetPart part() const { return read_dataset(folder_, "circles", "test").front(); }

  std::filesystem::path folder_;
  std::unique_ptr<LoadedModel> model_;
  std::unique_ptr<Prompter> prompter_;
  EvalTaskSettings settings_;
};

TEST_F(ImageTask, PromptsHoldTheImageInFrontOfTheQuestion) {
  const TokenBatch prompt = prompt_of(question_of(part(), 0), *prompter_, "item");
  const at::Tensor types = model_->decoder.types(prompt.ids_BT);
  EXPECT_EQ(types.sum().item<int64_t>(), 4);  // a tile of 28 / 7 / 2 = 2 x 2 tokens
  EXPECT_EQ(prompt.features_ND.size(0), 4);
  const std::string text = model_->tokenizer.decode(ids_of(prompt.ids_BT));
  EXPECT_THAT(text, testing::EndsWith("</img>\nWhich colour?<|im_end|>\n<|im_start|>assistant\n"));
}

TEST_F(ImageTask, AnswersDependOnThePicture) {
  std::set<std::string> hashes;
  const TaskResult result = evaluate();
  ASSERT_EQ(result.samples.size(), 16u);
  for (const auto& sample : result.samples) hashes.insert(sample.input_hash);
  EXPECT_EQ(hashes.size(), 16u) << "one question about different pictures";
  const at::Tensor first = prompt_of(question_of(part(), 0), *prompter_, "").features_ND;
  const at::Tensor second = prompt_of(question_of(part(), 1), *prompter_, "").features_ND;
  EXPECT_GT((first - second).abs().max().item<double>(), 1e-3);
}

// -log p of each token of "red<|im_end|>" from one pass over the whole conversation.
TEST_F(ImageTask, NllIsThatOfTheLogits) {
  settings_.num_items = 1;
  const TokenBatch prompt = prompt_of(question_of(part(), 0), *prompter_, "");
  std::vector<int64_t> answer = model_->tokenizer.encode("red<|im_end|>");
  ASSERT_EQ(answer.size(), 4u);
  EXPECT_EQ(prompter_->answer("red"), answer);
  std::vector<int64_t> ids = ids_of(prompt.ids_BT);
  const auto begin = std::ssize(ids);
  ids.insert(ids.end(), answer.begin(), answer.end());
  TokenBatch whole = ids;
  whole.features_ND = prompt.features_ND;
  const at::Tensor log_p = at::log_softmax(model_->decoder.logits(whole)[0].to(at::kDouble), -1);
  double nll = 0;
  for (int64_t i = 0; i < 4; ++i) nll -= log_p[begin + i - 1][answer[static_cast<size_t>(i)]].item<double>() / 4;
  EXPECT_NEAR(value_of(evaluate(), "nll"), nll, 1e-5 * nll);
}

TEST_F(ImageTask, ABlindGuessIsTheMostFrequentAnswerOfTheCalibrationSplit) {
  const TaskResult result = evaluate();
  EXPECT_EQ(result.metrics[0].name, "exact_match");
  EXPECT_EQ(value_of(result, "blind_guess"), 100.0 * 10 / 16);
  write_items(folder_ / "circles/train.jsonl", {circle_item(1), circle_item(5), circle_item(0)});  // blue, blue, red
  EXPECT_EQ(value_of(evaluate(), "blind_guess"), 100.0 * 4 / 16) << "a train split comes first";
}

TEST_F(ImageTask, TheFirstItemsAreShown) {
  const TaskResult result = evaluate();
  ASSERT_EQ(result.shown.size(), 12u);
  const ShownItem& item = result.shown[3];
  EXPECT_EQ(item.index, 3);
  EXPECT_EQ(item.input_hash, result.samples[3].input_hash);
  EXPECT_EQ(item.question, "Which colour?");
  EXPECT_EQ(item.expected, "red");
  EXPECT_TRUE(at::equal(decode_image(item.image_png, "shown"), load_pictures(part(), 3)[0]));
}

// The head's bias alone decides: Z before Y before all others.
TEST_F(ImageTask, AnswersEndWithTheTurnAndObeyTheRepetitionPenalty) {
  const auto id = [&](const char* token) { return *model_->tokenizer.id_of(token); };
  Decoder model = model_->decoder;
  model.head = {at::zeros_like(model.head.weight), at::zeros({model.head.weight.size(0)})};
  model.head.bias[id("Z")] = 100;
  model.head.bias[id("Y")] = 90;
  const auto answer = [&] {
    ResponseLog log;
    const Respondent respondent = {settings_, model, model_->tokenizer, &*prompter_, 0, log};
    const Ask ask = {"", {{"user", "Which colour?"}}, load_pictures(part(), 0), ""};
    const auto ids = respond(respondent, 1, [&](size_t) { return ask; }).front().ids;
    return open_answer(model_->tokenizer.decode(ids), settings_.generation, model_->tokenizer, &*prompter_);
  };
  EXPECT_EQ(answer(), "ZZZ");
  settings_.generation.repetition_penalty = 1.5;
  EXPECT_EQ(answer(), "ZYZ");
  model.head.bias[id("<|im_end|>")] = 140;  // no stop token of the model itself; penalised, since the prompt has it
  EXPECT_EQ(answer(), "Z");
}

TEST_F(ImageTask, AMissingImageIsNamedWithItsLine) {
  write_items(folder_ / "circles/test.jsonl",
              {circle_item(0), R"({"input": "q", "answer": "a", "images": ["images/7.png"]})"});
  EXPECT_THAT([&] { evaluate(); },
              ThrowsMessage<UserError>(
                  testing::AllOf(HasSubstr("circles/test.jsonl:2: there is no image"), HasSubstr("images/7.png"))));
  write_items(folder_ / "circles/test.jsonl",
              {circle_item(0), R"({"input": "q", "answer": "a", "images": ["draw:28x28 white; cirle red 1 2 3"]})"});
  EXPECT_THAT([&] { evaluate(); }, ThrowsMessage<UserError>(HasSubstr("circles/test.jsonl:2: ")));
}

TEST_F(ImageTask, AnImageThatNobodySeesIsRefused) {
  EXPECT_THAT([&] { check_data_fits(folder_, settings_, /*model_sees_images=*/false); },
              ThrowsMessage<UserError>(HasSubstr("test.jsonl:1: the item has an image, but the model sees none")));
  settings_.answer_nll = false;
  settings_.generation.chat = false;
  EXPECT_THAT([&] { evaluate(); }, ThrowsMessage<UserError>(HasSubstr("a task without generation.chat sees none")));
}

TEST_F(ImageTask, TheDataHashCoversTheImages) {
  write_items(folder_ / "circles/test.jsonl", {R"({"input": "q", "answer": "a", "images": ["one.png"]})"});
  const auto save = [&](int64_t value) {
    write_text(folder_ / "circles/one.png", encode_png(at::full({3, 4, 3}, value, at::kByte)));
    return task_data_hash(folder_, settings_);
  };
  EXPECT_EQ(save(1), save(1));
  EXPECT_NE(save(1), save(2));
}

TEST_F(ImageTask, TextQuestionsToAModelThatSeesAreAskedToo) {
  write_items(folder_ / "circles/test.jsonl", {R"({"input": "Hello?", "answer": "yes"})"});
  const TaskResult result = evaluate();
  EXPECT_EQ(result.samples[0].input_hash, sha256("Hello?"));
  EXPECT_TRUE(result.shown.empty());
  EXPECT_TRUE(std::isfinite(value_of(result, "nll")));
}

}  // namespace
}  // namespace freeact
