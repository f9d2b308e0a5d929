// The embedded vision-language model in small: a random Llama, a tower of one block, a few steps.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>

#include <array>
#include <fstream>
#include <sstream>

#include "config/yaml.h"
#include "embedded/train.h"
#include "embedded/vision_form.h"
#include "embedded/vision_rows.h"
#include "embedded/vision_trainee.h"
#include "generation/greedy.h"
#include "image/drawing.h"
#include "prompt/prompter.h"
#include "tiny_llama.h"
#include "util/hash.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFirstId = 259;

void write_tiny_chat_llama(const fs::path& folder) {
  write_tiny_llama(folder);
  write_byte_level_tokenizer(folder, {"<|endoftext|>", "<|im_end|>", "<|im_start|>"}, {{"eos_token", "<|im_end|>"}});
}

VisionRecipe tiny_vision_recipe(const fs::path& folder, const char* kind) {
  write_tiny_chat_llama(folder / "base");
  VisionRecipe recipe;
  recipe.kind = kind;
  recipe.name = "tiny";
  recipe.base = folder / "base";
  recipe.seed = 5;
  recipe.precision = "float32";
  recipe.tower = {.width = 16, .heads = 2, .layers = 1, .mlp_width = 32, .image_size = 32, .patch_size = 8};
  recipe.rank = 2;
  recipe.questions = 2;
  recipe.pictures = {{"picture_grid", 2}, {"picture_bars", 1}};
  recipe.schedule.steps = 6;
  recipe.schedule.save_every = 2;
  recipe.schedule.evaluate_every = 4;
  recipe.evaluated_images = 2;
  recipe.schedule.learning_rate = 3e-3;
  recipe.schedule.warm_up_steps = 1;
  return recipe;
}

double loss_sum(const StepLosses& losses) {
  double sum = 0;
  for (const auto& [name, loss] : losses.parts) sum += loss;
  return sum;
}

class VisionTest : public testing::TestWithParam<const char*> {
 protected:
  TrainingResult train(const char* out, int64_t stop_after = 0) const {
    return run_training(training_of(recipe_), folder_ / out, /*quiet=*/true, stop_after);
  }

  const fs::path folder_ = test_folder_of_case();
  VisionRecipe recipe_ = tiny_vision_recipe(folder_, GetParam());

 private:
  static fs::path test_folder_of_case() {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    std::replace(name.begin(), name.end(), '/', '_');
    const fs::path folder = fs::path(testing::TempDir()) / "freeact_embedded" / "vision" / name;
    fs::remove_all(folder);
    fs::create_directories(folder);
    return folder;
  }
};

TEST_P(VisionTest, TrainingLowersTheLossOfAStep) {
  recipe_.schedule.steps = 12;
  const auto untrained = training_of(recipe_).make_trainee();
  const auto trained = train("out");
  std::istringstream rows(read_file(folder_ / "out" / kCurveFile));
  std::string first, last;
  std::getline(rows, first);
  for (std::string row; std::getline(rows, row);) last = row;
  std::array<double, 2> sums{};
  for (size_t i = 0; i < sums.size(); ++i) {
    const Json row = Json::parse(i == 0 ? first : last);
    for (const auto& [name, loss] : row.at("loss").items()) sums[i] += loss.get<double>();
  }
  EXPECT_LT(sums[1], 0.97 * sums[0]);
  EXPECT_GT(loss_sum(untrained->add_gradients(0)), sums[1]);
  for (const auto& [name, tensor] : untrained->tensors())
    EXPECT_FALSE(at::equal(tensor, trained.tensors.at(name))) << name;
}

TEST_P(VisionTest, AKilledTrainingEndsInTheSameBitsAndCurve) {
  const auto whole = train("whole");
  train("killed", 1);  // before the first saved state
  train("killed", 5);  // a step behind a saved state is lost
  const auto killed = train("killed");
  EXPECT_TRUE(all_equal(whole.tensors, killed.tensors));
  EXPECT_EQ(whole.tokens, killed.tokens);
  EXPECT_EQ(curve_without_times(folder_ / "whole"), curve_without_times(folder_ / "killed"));
}

TEST_P(VisionTest, ProgressOfAnotherRecipeIsRefused) {
  train("out", 2);
  recipe_.schedule.learning_rate = 1e-4;
  EXPECT_THAT([&] { train("out"); },
              testing::ThrowsMessage<UserError>(testing::HasSubstr("progress of another recipe")));
}

INSTANTIATE_TEST_SUITE_P(Kinds, VisionTest, testing::Values(kVisionTowerKind, kVisionAdapterKind),
                         [](const auto& kind) { return std::string(kind.param); });

TEST(VisionRows, AQuestionIsPredictedAsIfItWereAskedAlone) {
  const fs::path folder = test_folder();
  write_tiny_chat_llama(folder);
  const CheckpointFolder base(folder);
  const Tokenizer tokenizer = Tokenizer::load(folder);
  ASSERT_EQ(tokenizer.size(), kFirstId);
  const auto config = nlohmann::json(vision_config_json(base.config(), kFirstId, {}));
  Decoder decoder = build_decoder(
      read_decoder_config(internvl_llama_family(), config), llama_family().modules,
      [&](const std::string& name) {
        return name == "model.embed_tokens.weight" ? language_tensor(base, name, {272, 32}) : base.tensor(name);
      },
      at::kFloat);
  decoder.config.feature_id = kFirstId + 2;
  const at::Tensor features = gaussian({8, 32}, 1).to(at::kFloat);
  const std::vector<PictureQuestion> asked = {{"What?", "red"}, {"How high is it?", "7"}, {"Where?", "top"}};
  const at::NoGradGuard no_grad;
  // Together, two pictures of four tokens, the second with one question.
  const VisionRows rows = RowLayout(tokenizer, kFirstId, 4).rows({asked, {asked[1]}});
  decoder.config.causal = false;
  ForwardContext context = rows_context(decoder, rows);
  const at::Tensor together = decoder.output(
      decoder.hidden({rows.ids_BT, features}, context).flatten(0, 1).index_select(0, rows.predicting_M), context);
  decoder.config.causal = true;
  // Alone, as a Prompter asks, one answer token after the other.
  int64_t at = 0;
  for (size_t i = 0; i < 4; ++i) {
    const PictureQuestion& question = i < 3 ? asked[i] : asked[1];
    const std::string prompt = render_chat(
        ChatFamily::kInternVl, {question_with_images(ChatFamily::kInternVl, question.input, 1)}, true, "", {{1}});
    const size_t place = prompt.find(kImageOpen);
    std::vector<int64_t> ids = tokenizer.encode(prompt.substr(0, place));
    for (const int64_t id : {0, 2, 2, 2, 2, 1}) ids.push_back(kFirstId + id);
    for (const int64_t id : tokenizer.encode(prompt.substr(prompt.find(kImageClose) + 6))) ids.push_back(id);
    for (const int64_t id : tokenizer.encode(question.answer + "<|im_end|>")) {
      ASSERT_EQ(rows.targets_M[at].item<int64_t>(), id);
      const at::Tensor ids_BT = at::tensor(ids, at::kLong).unsqueeze(0);
      const at::Tensor alone = decoder.logits(TokenBatch(ids_BT, features.narrow(0, i < 3 ? 0 : 4, 4)))[0][-1];
      EXPECT_LE((together[at++] - alone).abs().max().item<double>(), 1e-4);
      ids.push_back(id);
    }
  }
  EXPECT_EQ(at, rows.targets_M.size(0));
}

TEST(VisionModel, ARecipeFileTrainsAndMergesIntoAModelThatAnswersAQuestion) {
  const fs::path folder = test_folder();
  VisionRecipe recipe = tiny_vision_recipe(folder, kVisionTowerKind);
  const auto write = [&](const char* file) { std::ofstream(folder / file) << to_yaml(write_fields(recipe)); };
  write("first_stage.yaml");
  train_recipe(folder / "first_stage.yaml", folder / "tower", true);
  recipe = tiny_vision_recipe(folder, kVisionAdapterKind);
  recipe.start = "tower/tower.safetensors";
  recipe.start_sha256 = sha256_file(folder / recipe.start);
  write("recipe.yaml");
  train_recipe(folder / "recipe.yaml", folder / "out", true);
  merge_recipe(folder / "recipe.yaml", folder / "out/adapter.safetensors", folder / "merged");
  EXPECT_FALSE(fs::exists(folder / "out/progress"));

  const LoadedModel model = load_model(folder / "merged", "", at::kFloat);
  EXPECT_EQ(model.decoder.config.family, "internvl_llama");
  EXPECT_EQ(model.decoder.config.feature_id, kFirstId + 2);
  EXPECT_EQ(model.decoder.config.vocabulary_rows, 272);
  const TokenBatch prompt = Prompter(model, folder / "merged").question("What is it?", {draw_image("32x32 teal")});
  EXPECT_EQ(prompt.features_ND.size(0), 4);  // 4 x 4 patches
  const std::string text = model.tokenizer.decode(
      std::vector<int64_t>(prompt.ids_BT.data_ptr<int64_t>(), prompt.ids_BT.data_ptr<int64_t>() + prompt.length()));
  EXPECT_EQ(text,
            "<|im_start|>user\n<img><IMG_CONTEXT><IMG_CONTEXT><IMG_CONTEXT><IMG_CONTEXT></img>\nWhat is it?<|im_end|>\n"
            "<|im_start|>assistant\n");
  GreedySettings settings;
  settings.max_new_tokens = 3;
  EXPECT_FALSE(generate_greedy(model.decoder, prompt, settings).empty());

  recipe.start_sha256 = sha256("another file");
  EXPECT_THAT(
      [&] {
        vision_adapter_trainee([&] {
          auto r = recipe;
          r.folder = folder;
          return r;
        }());
      },
      testing::ThrowsMessage<UserError>(testing::HasSubstr("is another file than the one")));
}

TEST(VisionModel, AnAdapterOfAnotherTowerIsRefused) {
  const fs::path folder = test_folder();
  const VisionRecipe recipe = tiny_vision_recipe(folder, kVisionAdapterKind);
  auto tensors = vision_adapter_trainee(recipe)->tensors();
  const auto refused = [&](const std::string& text) {
    write_safetensors(folder / "adapter.safetensors", tensors, {{"scale", "2"}});
    EXPECT_THAT(
        [&] { merge_vision_adapter(folder / "base", folder / "adapter.safetensors", recipe.tower, folder / "merged"); },
        testing::ThrowsMessage<UserError>(testing::HasSubstr(text)));
  };
  tensors["vision_model.encoder.layers.1.ls1"] = at::ones(16);
  refused("vision_model.encoder.layers.1.ls1 has no place");
  tensors.erase("vision_model.encoder.layers.1.ls1");
  tensors["mlp1.0.bias"] = at::ones(3);
  refused("mlp1.0.bias has the shape [3]");
}

TEST(VisionRecipeTest, FaultsNameFileAndLine) {
  const fs::path folder = test_folder();
  const auto refused = [&](const std::string& yaml, const std::string& text) {
    std::ofstream(folder / "recipe.yaml") << yaml;
    EXPECT_THAT([&] { read_vision_recipe(folder / "recipe.yaml"); },
                testing::ThrowsMessage<UserError>(
                    testing::AllOf(testing::HasSubstr("recipe.yaml:2"), testing::HasSubstr(text))));
  };
  const std::string tower = "{kind: vision_tower, base: x, pictures: [{kind: picture_grid}],\n";
  refused("kind: vision_tower\nbas: x\n", "did you mean 'base'");
  refused(tower + "rank: 3}\n", "rank");  // a tower alone has none
  refused(tower + "tower: {width: 10, heads: 4}}\n", "multiple of tower.heads");
  refused(tower + "tower: {image_size: 60}}\n", "multiple of 2 * tower.patch_size");
  refused("{kind: vision_adapter, base: x,\npictures: [{kind: picture_grit}]}\n", "did you mean 'picture_grid'");
  refused("{kind: vision_adapter, base: x, start: a,\npictures: [{kind: easy_vqa}], start_sha256: ''}\n",
          "SHA-256 of the file");
  EXPECT_FALSE(is_vision_recipe(fs::path(FREEACT_SOURCE_DIR) / "datasets/smollm2_diffusion/recipe.yaml"));
}

}  // namespace
}  // namespace freeact
