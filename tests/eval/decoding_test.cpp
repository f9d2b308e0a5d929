#include "eval/decoding.h"

#include <gmock/gmock.h>

#include "../model/random_model.h"
#include "eval/scoring.h"
#include "fixtures.h"
#include "prompt/prompter.h"

namespace freeact {
namespace {

// With a row for every id of the byte tokenizer; writes small letters, so that answers can be told apart as text.
Decoder random_model(const Family& family, nlohmann::json config, const Tokenizer& tokenizer) {
  for (const char* key : {"vocab_size", "embedding_size"})
    if (config.contains(key)) config[key] = tokenizer.size();
  config["mask_token_id"] = special_ids(tokenizer).mask;
  config["eos_token_id"] = special_ids(tokenizer).end;
  Decoder model = random_decoder(family.read_config(config), family.modules);
  const at::Tensor rows = at::zeros_like(model.head.weight);
  for (const char* letter = "abcdefghijklmnopqrstuvwxyz"; *letter != 0; ++letter) {
    const int64_t id = *tokenizer.id_of(std::string(1, *letter));
    rows[id].copy_(model.head.weight[id]);
  }
  model.head.weight = rows;
  return model;
}

class DecodingTest : public testing::Test {
 protected:
  static EvalTaskSettings open_ended(int64_t max_new_tokens) {
    EvalTaskSettings s;
    s.name = "open";
    s.generation.max_new_tokens = max_new_tokens;
    return s;
  }
  std::vector<std::string> outputs(const Decoder& model, const EvalTaskSettings& settings) const {
    std::vector<std::string> texts;
    for (const auto& sample : evaluate_generation(words_, settings, model, tokenizer_, 1).samples)
      texts.push_back(sample.output);
    return texts;
  }

  const Tokenizer tokenizer_ = byte_tokenizer(test_folder());
  const Decoder llada_ = random_model(llada_family(), llada_config(), tokenizer_);
  const Decoder dream_ = random_model(dream_family(), dream_config(), tokenizer_);
  const Decoder writes_a_ = constant_model(tokenizer_, {{"a", 0.5}, {"b", 0.25}});
  const std::vector<DatasetPart> words_ = {
      {"words", {}, {{"ab", "x"}, {"abcdefgh", "x"}, {"abc", "x"}, {"abcd", "x"}}, ""}};
};

TEST_F(DecodingTest, ALeftPaddedBatchAnswersAsItsRowsOneByOne) {
  for (const Decoder* model : {&llada_, &dream_}) {
    EvalTaskSettings settings = open_ended(6);
    settings.batch_size = 1;
    const auto alone = outputs(*model, settings);
    EXPECT_NE(alone[0], alone[1]);
    for (const int64_t batch_size : {2, 4}) {
      settings.batch_size = batch_size;
      EXPECT_EQ(outputs(*model, settings), alone) << model->config.family << " in batches of " << batch_size;
    }
  }
}

TEST_F(DecodingTest, BlocksAndStepsReachTheSampler) {
  for (const Decoder* model : {&llada_, &dream_}) {
    EvalTaskSettings whole = open_ended(8), blocks = whole, few_steps = whole;
    blocks.generation.block_length = 2;
    few_steps.generation.steps = 1;
    EXPECT_NE(outputs(*model, blocks), outputs(*model, whole)) << model->config.family;
    EXPECT_NE(outputs(*model, few_steps), outputs(*model, whole)) << model->config.family;
    EvalTaskSettings by_count = whole;
    by_count.generation.tokens_per_step = 8;
    EXPECT_EQ(outputs(*model, by_count), outputs(*model, few_steps)) << model->config.family;
  }
}

TEST_F(DecodingTest, TheModelsOwnSamplerIsTheDefault) {
  Decoder model = llada_;
  const auto with = [&](const std::string& sampler) {
    EvalTaskSettings settings = open_ended(8);
    settings.generation.sampler = sampler;
    return outputs(model, settings);
  };
  EXPECT_EQ(with("auto"), with("llada"));
  EXPECT_NE(with("llada"), with("dream"));
  model.config.sampler = "dream";
  EXPECT_EQ(with("auto"), with("dream"));
  model.config.sampler = "none";
  EXPECT_THAT([&] { with("auto"); }, testing::ThrowsMessage<UserError>(testing::HasSubstr("choose llada or dream")));
}

TEST_F(DecodingTest, SettingsTheSamplerDoesNotHaveAreRefused) {
  EvalTaskSettings guided = open_ended(4);
  guided.generation.cfg_scale = 1;
  EXPECT_THAT([&] { outputs(dream_, guided); }, testing::ThrowsMessage<UserError>(testing::HasSubstr("no guidance")));
  EXPECT_NO_THROW(outputs(llada_, guided));
}

TEST_F(DecodingTest, AutoregressiveModelsContinueThePrompt) {
  Decoder causal = writes_a_;
  causal.config.causal = true;
  causal.config.mask_id = -1;
  causal.config.sampler = "none";
  EXPECT_THAT(outputs(causal, open_ended(3)), testing::Each("aaa"));
  EXPECT_THAT([&] { check_model_fits(open_ended(0), causal.config); },
              testing::ThrowsMessage<UserError>(testing::HasSubstr("set generation.max_new_tokens")));
  EvalTaskSettings warm = open_ended(3);
  warm.generation.temperature = 1;
  EXPECT_THROW(outputs(causal, warm), UserError);
}

TEST_F(DecodingTest, ATaskOfAnotherKindOfModelIsRefused) {
  DecoderConfig causal;
  causal.causal = true;
  EvalTaskSettings task;
  task.kind = "likelihood";
  EXPECT_NO_THROW(check_model_fits(task, writes_a_.config));
  EXPECT_THROW(check_model_fits(task, causal), UserError);
  task.kind = "perplexity";
  EXPECT_NO_THROW(check_model_fits(task, causal));
  EXPECT_THROW(check_model_fits(task, writes_a_.config), UserError);
}

TEST_F(DecodingTest, AnswersEndAtTheFirstStop) {
  EvalTaskSettings settings = open_ended(3);
  EXPECT_THAT(outputs(writes_a_, settings), testing::Each("aaa"));
  settings.generation.stops = {"x", "aa"};
  EXPECT_THAT(outputs(writes_a_, settings), testing::Each(""));

  const std::vector<DatasetPart> cells = {{"cells", layout_of("{answer}", "_"), {{"b_c_", "bacb"}}, ""}};
  settings = open_ended(0);
  settings.generation.stops = {"c"};
  EXPECT_EQ(evaluate_generation(cells, settings, writes_a_, tokenizer_, 0).samples[0].output, "ba");
}

TEST_F(DecodingTest, StopsMayBeSpecialTokensWhichAreDroppedAfterwards) {
  const Decoder writes_special = constant_model(tokenizer_, {{"<|sort|>", 0.9}});
  EvalTaskSettings settings = open_ended(3);
  EXPECT_THAT(outputs(writes_special, settings), testing::Each(""));
  const std::vector<DatasetPart> cells = {{"cells", layout_of("{answer}", "_"), {{"b_", "bb"}}, ""}};
  settings = open_ended(0);
  EXPECT_EQ(evaluate_generation(cells, settings, writes_special, tokenizer_, 0).samples[0].output, "b<|sort|>");
}

TEST_F(DecodingTest, AChatIsAskedInTheModelsTemplateAndEndsWithItsTurn) {
  const std::filesystem::path folder = test_folder() / "chat";
  write_byte_level_tokenizer(folder, {kEndToken, kMaskToken, "<|startoftext|>", "<|start_header_id|>", "<|eot_id|>"},
                             {{"bos_token", "<|startoftext|>"}});
  write_text(folder / "config.json", R"({"model_type": "llada"})");
  const Tokenizer tokenizer = Tokenizer::load(folder);
  const LoadedModel model = {random_model(llada_family(), llada_config(), tokenizer), tokenizer, "", nullptr, {}};
  const Prompter chat(model, folder);
  EvalTaskSettings asked = open_ended(8), spelled = asked;
  asked.generation.chat = true;
  const std::vector<DatasetPart> plain = {{"words", layout_of("{input}{answer}"), {{"ab", "x"}}, ""}};
  const std::vector<DatasetPart> rendered = {
      {"words", layout_of("{input}{answer}"), {{chat.chat().render({{"user", "ab"}}), "x"}}, ""}};
  const auto output = [&](const auto& parts, const EvalTaskSettings& settings, const Prompter* prompter) {
    return evaluate_generation(parts, settings, model.decoder, tokenizer, 1, prompter).samples[0].output;
  };
  const std::string answer = output(plain, asked, &chat);
  EXPECT_EQ(answer, output(rendered, spelled, nullptr));
  EXPECT_NE(answer, output(plain, spelled, nullptr));
  EXPECT_THAT([&] { output(plain, asked, nullptr); },
              testing::ThrowsMessage<UserError>(testing::HasSubstr("chat template")));
}

TEST_F(DecodingTest, LayoutsThatFixTheAnswersLengthAreNotOpenEnded) {
  for (const Layout& layout : {layout_of("{input}={answer}", "", 20), layout_of("{answer}", "_")}) {
    const std::vector<DatasetPart> parts = {{"words", layout, {{"ab", "ba"}}, ""}};
    EXPECT_THAT([&] { evaluate_generation(parts, open_ended(4), llada_, tokenizer_, 0); },
                testing::ThrowsMessage<UserError>(testing::HasSubstr("can only be solved in place")));
  }
}

}  // namespace
}  // namespace freeact
