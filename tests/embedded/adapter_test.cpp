#include "embedded/adapter.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "checkpoint/folder.h"
#include "config/yaml.h"
#include "embedded/adapted_model.h"
#include "embedded/adapter_data.h"
#include "embedded/adapter_trainee.h"
#include "embedded/train.h"
#include "eval/language_puzzles.h"
#include "eval/puzzle_sets.h"
#include "tiny_llama.h"
#include "util/fields.h"
#include "util/hash.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaskId = 258;

at::Tensor random_tensor(at::IntArrayRef shape, uint64_t seed) {
  return gaussian(shape, seed).to(at::kFloat);
}

TEST(LoraSite, EqualsTheLinearsWithTheAdditionMergedIn) {
  const std::vector<Linear> linears = {{random_tensor({6, 8}, 1), {}}, {random_tensor({4, 8}, 2), {}}};
  const at::Tensor a = random_tensor({2 * 3, 8}, 3).set_requires_grad(true);
  const at::Tensor b = random_tensor({6 + 4, 3}, 4).set_requires_grad(true);
  const at::Tensor x = random_tensor({2, 5, 8}, 5).set_requires_grad(true);
  const std::vector<at::Tensor> weights = {random_tensor({2, 5, 6}, 6), random_tensor({2, 5, 4}, 7)};
  const auto gradients = [&](const std::vector<at::Tensor>& outputs) {
    for (const at::Tensor& leaf : {a, b, x}) leaf.mutable_grad().reset();
    ((outputs[0] * weights[0]).sum() + (outputs[1] * weights[1]).sum()).backward();
    return std::vector<at::Tensor>{a.grad().clone(), b.grad().clone(), x.grad().clone()};
  };
  const auto outputs = LoraSite(linears, a, b, 1.5).forward(x, {});
  const std::vector<at::Tensor> merged = {
      at::linear(x, linears[0].weight + 1.5 * b.narrow(0, 0, 6).matmul(a.narrow(0, 0, 3))),
      at::linear(x, linears[1].weight + 1.5 * b.narrow(0, 6, 4).matmul(a.narrow(0, 3, 3)))};
  for (size_t i = 0; i < 2; ++i) EXPECT_LE((outputs[i] - merged[i]).abs().max().item<double>(), 1e-4);
  const auto ours = gradients(outputs), plain = gradients(merged);
  for (size_t i = 0; i < 3; ++i) EXPECT_LE((ours[i] - plain[i]).abs().max().item<double>(), 1e-3) << i;
}

class AdapterTest : public testing::Test {
 protected:
  AdaptedModel model() const {
    return {CheckpointFolder(folder_ / "base"), kMaskId, {recipe_.rank, recipe_.scale, recipe_.seed}, at::kFloat};
  }
  TrainingResult train(const char* out, int64_t stop_after = 0) const {
    return run_training(training_of(recipe_), folder_ / out, /*quiet=*/true, stop_after);
  }

  const fs::path folder_ = test_folder();
  AdapterRecipe recipe_ = tiny_adapter_recipe(folder_);
};

TEST_F(AdapterTest, PackedSequencesDoNotSeeEachOther) {
  const Tokenizer tokenizer = Tokenizer::load(folder_ / "base");
  const PuzzleKind& kind = find_puzzle_kind("arithmetic", language_puzzle_kinds());
  const auto sequences = PuzzleSequences(kind, tokenizer, {kMaskId, 257}, 1).draw(0, 7);
  const AdaptedModel adapted = model();
  const at::NoGradGuard no_grad;
  const PackedBatch batch = pack(sequences, 32, 257);
  EXPECT_EQ(batch.ids_BT.size(0), 3);  // three sequences of 10 tokens a row
  const at::Tensor together = adapted.losses(batch);
  std::vector<at::Tensor> alone;
  for (const auto& sequence : sequences) alone.push_back(adapted.losses(pack({sequence}, 32, 257)));
  EXPECT_LE((together - at::cat(alone)).abs().max().item<double>(), 1e-5);
}

TEST_F(AdapterTest, AKilledTrainingEndsInTheSameAdapterAndCurve) {
  const auto whole = train("whole");
  train("killed", 1);  // before the first saved state
  train("killed", 7);  // a step behind a saved state is lost
  const auto killed = train("killed");
  EXPECT_TRUE(all_equal(whole.tensors, killed.tensors));
  EXPECT_EQ(whole.tokens, killed.tokens);
  EXPECT_EQ(curve_without_times(folder_ / "whole"), curve_without_times(folder_ / "killed"));
  EXPECT_THAT(curve_without_times(folder_ / "whole"), testing::HasSubstr("\"exact_match\":{\"sort_digits\":"));
}

TEST_F(AdapterTest, ProgressOfAnotherRecipeIsRefused) {
  train("out", 2);
  recipe_.scale = 1;
  EXPECT_THAT([&] { train("out"); },
              testing::ThrowsMessage<UserError>(testing::HasSubstr("progress of another recipe")));
}

TEST_F(AdapterTest, TrainingMovesEveryFactorAndTheMaskEmbedding) {
  const auto before = model().adapter();
  const auto after = train("out").tensors;
  ASSERT_EQ(before.size(), after.size());
  EXPECT_EQ(before.size(), 2U * 7 * 2 + 1);
  for (const auto& [name, tensor] : before) EXPECT_FALSE(at::equal(tensor, after.at(name))) << name;
}

TEST_F(AdapterTest, TheMergedFolderIsTheAdaptedModel) {
  const auto trained = train("out");
  write_safetensors(folder_ / "adapter.safetensors", trained.tensors, trained.metadata);
  merge_adapter(folder_ / "base", folder_ / "adapter.safetensors", folder_ / "merged");
  const CheckpointFolder merged(folder_ / "merged"), base(folder_ / "base");
  const std::string name = "model.layers.1.mlp.up_proj";
  const at::Tensor addition =
      lora_addition(trained.tensors.at(name + kLoraA), trained.tensors.at(name + kLoraB), recipe_.scale);
  EXPECT_GT(addition.abs().max().item<double>(), 1e-4);
  EXPECT_TRUE(at::equal(merged.tensor(name + ".weight"),
                        (base.tensor(name + ".weight").to(at::kDouble) + addition).to(at::kBFloat16)));
  const Decoder decoder = load_decoder(merged, "", at::kFloat);
  EXPECT_EQ(decoder.config.family, "dream");
  EXPECT_EQ(decoder.config.mask_id, kMaskId);
  EXPECT_EQ(decoder.config.vocabulary_rows, 272);
  EXPECT_EQ(Tokenizer::load(folder_ / "merged").id_of(kMaskToken), kMaskId);
  EXPECT_TRUE(at::equal(merged.tensor("model.embed_tokens.weight")[kMaskId], trained.tensors.at(kMaskEmbedding)));
}

TEST_F(AdapterTest, MergingGivesTheSameBytesAgain) {
  const AdaptedModel adapted = model();
  write_safetensors(folder_ / "adapter.safetensors", adapted.adapter(), {{"scale", "2"}});
  for (const char* out : {"first", "second"})
    merge_adapter(folder_ / "base", folder_ / "adapter.safetensors", folder_ / out);
  EXPECT_EQ(CheckpointFolder(folder_ / "first").hash(), CheckpointFolder(folder_ / "second").hash());
}

TEST_F(AdapterTest, AnUntrainedAdapterWithTheCausalMaskIsTheBase) {
  AdaptedModel adapted = model();
  Decoder dream = adapted.snapshot();
  dream.config.causal = true;
  const Decoder base = load_decoder(CheckpointFolder(folder_ / "base"), "", at::kFloat);
  const at::Tensor ids = at::arange(20).view({1, 20});
  const at::NoGradGuard no_grad;
  const at::Tensor logits = dream.logits(ids).narrow(-1, 0, 258);
  EXPECT_LE((logits - base.logits(ids)).abs().max().item<double>(), 1e-4);
}

TEST_F(AdapterTest, AnAdapterOfAnotherBaseIsRefused) {
  auto tensors = model().adapter();
  tensors["model.layers.7.mlp.up_proj.lora_A.weight"] = at::zeros({2, 32});
  write_safetensors(folder_ / "adapter.safetensors", tensors, {{"scale", "2"}});
  EXPECT_THAT([&] { merge_adapter(folder_ / "base", folder_ / "adapter.safetensors", folder_ / "out"); },
              testing::ThrowsMessage<UserError>(testing::HasSubstr("layers.7.mlp.up_proj.lora_A.weight has no place")));
}

TEST_F(AdapterTest, ASecondStageGoesOnFromTheFirstOne) {
  const auto first = train("out");
  const fs::path file = folder_ / "first.safetensors";
  write_safetensors(file, first.tensors, first.metadata);
  AdaptedModel adapted = model();
  adapted.start_from(SafetensorsFile(file));
  EXPECT_TRUE(all_equal(adapted.adapter(), first.tensors));
  recipe_.start = file;
  recipe_.start_sha256 = sha256_file(file);
  recipe_.schedule.learning_rate = 1e-9;
  EXPECT_TRUE(all_equal(train("second", 1).tensors, first.tensors));
  recipe_.start_sha256 = sha256("another file");
  EXPECT_THAT([&] { train("third"); },
              testing::ThrowsMessage<UserError>(testing::HasSubstr("is another file than the one")));
}

TEST_F(AdapterTest, PuzzlesMaskOnlyAnswersAndNeverHoldAHeldOutItem) {
  const Tokenizer tokenizer = Tokenizer::load(folder_ / "base");
  const PuzzleKind& kind = find_puzzle_kind("arithmetic", language_puzzle_kinds());
  const PuzzleSequences source(kind, tokenizer, {kMaskId, 257}, 1);
  std::set<std::string> held_out;
  for (const DatasetPart& part : {test_part(kind), calibration_part(kind)})
    for (const TaskItem& item : part.items) held_out.insert(item.input);
  ASSERT_EQ(held_out.size(), 328U);
  std::map<int, int> seen;  // sequences by number of masks
  for (int64_t step = 0; step < 100; ++step) {
    for (const TrainingSequence& sequence : source.draw(step, 16)) {
      const std::string text = tokenizer.decode(sequence.targets);
      const size_t equals = text.find('=');
      EXPECT_FALSE(held_out.contains(text.substr(0, equals))) << text;
      int masks = 0;
      double weight = 0;
      for (size_t i = 0; i < sequence.ids.size(); ++i) {
        EXPECT_EQ(sequence.ids[i] == kMaskId, sequence.weights[i] > 0);
        EXPECT_TRUE(sequence.ids[i] != kMaskId || i > equals);
        masks += sequence.ids[i] == kMaskId;
        weight += static_cast<double>(sequence.weights[i]);
      }
      EXPECT_NEAR(weight, 1, 1e-6);
      ++seen[masks];
    }
  }
  // Answers have at most 4 tokens here, ends included; any number of masks is as probable as any other.
  EXPECT_EQ(seen.begin()->first, 1);
  for (const auto& [masks, count] : seen) EXPECT_GT(count, 1600 / 8) << masks;
  EXPECT_EQ(source.draw(3, 4)[1].ids, source.draw(3, 4)[1].ids);
  EXPECT_NE(source.draw(3, 4)[1].ids, source.draw(4, 4)[1].ids);
}

TEST_F(AdapterTest, HeldOutTextIsNeverTrainedOn) {
  const Tokenizer tokenizer = Tokenizer::load(folder_ / "base");
  std::ofstream text(folder_ / "marked.txt");
  text << std::string(900, 'a') << std::string(100, 'b');
  text.close();
  const TextSequences source(folder_ / "marked.txt", "", tokenizer, 32, kMaskId, 1);
  for (int64_t step = 0; step < 200; ++step)
    for (const auto& sequence : source.draw(step, 2)) {
      EXPECT_THAT(tokenizer.decode(sequence.targets), testing::Not(testing::HasSubstr("b")));
      EXPECT_EQ(sequence.weights.front(), 0);
    }
  const auto held_out = source.held_out(3, 0.4);
  for (const auto& sequence : held_out) {
    EXPECT_EQ(tokenizer.decode(sequence.targets), std::string(32, 'b'));
    EXPECT_EQ(std::count(sequence.ids.begin(), sequence.ids.end(), kMaskId), 12);  // of 31
  }
  EXPECT_NEAR(source.unigram_nll(held_out, 258), std::log(900 + 258), 1e-9);  // 'b' was never seen
}

TEST_F(AdapterTest, AChangedTextIsRefused) {
  recipe_.texts[0].sha256 = sha256("another text");
  EXPECT_THAT([&] { train("out"); },
              testing::ThrowsMessage<UserError>(testing::HasSubstr("is another file than the recipe's")));
}

TEST_F(AdapterTest, ARecipeFileTrainsAndMerges) {
  std::ofstream(folder_ / "recipe.yaml") << to_yaml(write_fields(recipe_));
  train_recipe(folder_ / "recipe.yaml", folder_ / "out", /*quiet=*/true);
  const std::string before = sha256_file(folder_ / "out/adapter.safetensors");
  train_recipe(folder_ / "recipe.yaml", folder_ / "out", true);
  EXPECT_EQ(sha256_file(folder_ / "out/adapter.safetensors"), before);
  std::string rows;
  train_recipe(folder_ / "recipe.yaml", folder_ / "out", true,
               [&](const CurveOwner&, const Json& row) { rows += row.dump() + "\n"; });
  EXPECT_EQ(rows, read_file(folder_ / "out/curve.jsonl")) << "the curve of a finished training can still be had";
  EXPECT_FALSE(fs::exists(folder_ / "out/progress"));
  EXPECT_THAT(read_file(folder_ / "out/README.md"), testing::HasSubstr("in 9 steps"));
  merge_recipe(folder_ / "recipe.yaml", folder_ / "out/adapter.safetensors", folder_ / "merged");
  EXPECT_TRUE(fs::exists(folder_ / "merged/model.safetensors"));
  recipe_.seed = 6;
  std::ofstream(folder_ / "recipe.yaml") << to_yaml(write_fields(recipe_));
  EXPECT_THAT([&] { merge_recipe(folder_ / "recipe.yaml", folder_ / "out/adapter.safetensors", folder_ / "merged"); },
              testing::ThrowsMessage<UserError>(testing::HasSubstr("was not made by the recipe")));
}

TEST_F(AdapterTest, FaultsOfTheRecipeNameFileAndLine) {
  const auto refused = [&](const std::string& yaml, const std::string& text) {
    std::ofstream(folder_ / "recipe.yaml") << yaml;
    EXPECT_THAT([&] { read_adapter_recipe(folder_ / "recipe.yaml"); },
                testing::ThrowsMessage<UserError>(
                    testing::AllOf(testing::HasSubstr("recipe.yaml:2"), testing::HasSubstr(text))));
  };
  refused("kind: adapter\nbas: x\n", "did you mean 'base'");
  refused("base: x\nrank: 0\n", "key 'rank' must be 1 or more");
  refused("base: x\npuzzles: [{kind: sort_digit}]\n", "did you mean 'sort_digits'");
  refused("{base: x, puzzles: [{kind: sort_digits}], save_every: 3,\nevaluate_every: 4}\n", "multiple of save_every");
}

}  // namespace
}  // namespace freeact
