#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>

#include <fstream>

#include "checkpoint/folder.h"
#include "config/yaml.h"
#include "embedded/batches.h"
#include "embedded/puzzle_trainee.h"
#include "embedded/train.h"
#include "eval/puzzle_sets.h"
#include "fixtures.h"
#include "model/family.h"
#include "tokenizer/byte_level_writer.h"
#include "util/fields.h"
#include "util/files.h"
#include "util/hash.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

// The last saved state: weights and moments in float32.
TensorMap trained(const PuzzleRecipe& recipe, const fs::path& folder, int64_t stop_after = 0) {
  run_training(training_of(recipe, folder), folder, /*quiet=*/true, stop_after);
  const fs::path state = folder / "progress/state.safetensors";
  return fs::exists(state) ? SafetensorsFile(state).load_all() : TensorMap{};
}

TEST(Training, TheSameRecipeGivesTheSameWeights) {
  const fs::path folder = test_folder();
  for (const char* precision : {"float32", "bfloat16"}) {
    PuzzleRecipe recipe = tiny_recipe();
    recipe.precision = precision;
    const auto first = trained(recipe, folder / precision / "a");
    EXPECT_TRUE(all_equal(first, trained(recipe, folder / precision / "b"))) << precision;
    recipe.seed += 1;
    EXPECT_FALSE(all_equal(first, trained(recipe, folder / precision / "c"))) << precision;
  }
}

TEST(Training, AKilledTrainingEndsInTheSameWeights) {
  const fs::path folder = test_folder();
  const auto whole = trained(tiny_recipe(), folder / "whole");
  trained(tiny_recipe(), folder / "killed", 3);  // before the first saved state
  trained(tiny_recipe(), folder / "killed", 7);  // two steps behind a saved state are lost
  EXPECT_TRUE(all_equal(whole, trained(tiny_recipe(), folder / "killed")));
}

// The losses of each step's last row, as a reader who replaces rows by step keeps them.
std::map<int64_t, std::string> losses_by_step(const fs::path& folder, const std::vector<int64_t>& stops) {
  std::map<int64_t, std::string> rows;
  const CurveListener keep = [&](const CurveOwner& owner, const Json& row) {
    EXPECT_EQ(owner.recipe_hash, recipe_hash(tiny_recipe()));
    rows[row.at("step").get<int64_t>()] = row.at("loss").dump() + row.at("tokens").dump();
  };
  for (const int64_t stop : stops) run_training(training_of(tiny_recipe(), folder), folder, /*quiet=*/true, stop, keep);
  return rows;
}

TEST(Training, AKilledTrainingGivesTheSameCurve) {
  const fs::path folder = test_folder();
  const auto whole = losses_by_step(folder / "whole", {0});
  EXPECT_EQ(whole, losses_by_step(folder / "killed", {3, 7, 0}));
  EXPECT_EQ(whole.rbegin()->first, tiny_recipe().schedule.steps);
  losses_by_step(folder / "silent", {7});
  EXPECT_EQ(whole, losses_by_step(folder / "silent", {0})) << "earlier rows come again";
}

TEST(Training, ProgressOfAnotherRecipeIsRefused) {
  const fs::path folder = test_folder();
  trained(tiny_recipe(), folder, 6);
  PuzzleRecipe other = tiny_recipe();
  other.schedule.learning_rate *= 2;
  EXPECT_THAT([&] { trained(other, folder); },
              testing::ThrowsMessage<UserError>(testing::HasSubstr("progress of another recipe")));
}

TEST(Training, ThreadsOfTheProgramAreLeftAsTheyWere) {
  const int before = at::get_num_threads();
  PuzzleRecipe recipe = tiny_recipe();
  recipe.threads = before + 1;
  trained(recipe, test_folder(), 1);
  EXPECT_EQ(at::get_num_threads(), before);
}

class TrainRecipeTest : public testing::Test {
 protected:
  void SetUp() override { write_recipe(tiny_recipe()); }
  void write_recipe(const PuzzleRecipe& recipe) const {
    std::ofstream(folder_ / "recipe.yaml") << to_yaml(write_fields(recipe));
  }
  void train() const { train_recipe(folder_ / "recipe.yaml", folder_ / "model", /*quiet=*/true); }

  const fs::path folder_ = test_folder();
};

TEST_F(TrainRecipeTest, WritesAFolderThatLoadsAsAnyCheckpoint) {
  train();
  const CheckpointFolder checkpoint(folder_ / "model");
  const Decoder model = load_decoder(checkpoint, "", at::kFloat);
  const Tokenizer tokenizer = Tokenizer::load(folder_ / "model");
  EXPECT_EQ(model.config.mask_id, tokenizer.id_of(kMaskToken));
  EXPECT_EQ(model.config.eos_id, tokenizer.id_of(kEndToken));
  EXPECT_GE(model.config.vocabulary_rows, tokenizer.size());
  EXPECT_EQ(checkpoint.tensor("model.transformer.wte.weight").scalar_type(), at::kBFloat16);
  const std::string card = read_file(folder_ / "model/README.md");
  EXPECT_THAT(card, testing::HasSubstr("| sudoku |"));
  EXPECT_THAT(card, testing::HasSubstr("\"seed\": 3"));
  EXPECT_FALSE(fs::exists(folder_ / "model/progress"));
}

TEST_F(TrainRecipeTest, TheLastRowOfTheCurveHasLossesAndTestResults) {
  Json last;
  train_recipe(folder_ / "recipe.yaml", folder_ / "model", /*quiet=*/true,
               [&](const CurveOwner&, const Json& row) { last = row; });
  EXPECT_EQ(last.at("step").get<int64_t>(), tiny_recipe().schedule.steps);
  for (const auto& puzzle : tiny_recipe().puzzles) {
    EXPECT_TRUE(last.at("loss").contains(puzzle));
    EXPECT_TRUE(last.at("exact_match").contains(puzzle));
  }
}

TEST_F(TrainRecipeTest, AFinishedModelIsLeftAsItIsAndNotOverwrittenByAnother) {
  train();
  const std::string before = sha256_file(folder_ / "model/README.md");
  train();  // would write another training time
  EXPECT_EQ(sha256_file(folder_ / "model/README.md"), before);
  PuzzleRecipe other = tiny_recipe();
  other.seed = 4;
  write_recipe(other);
  EXPECT_THAT([&] { train(); }, testing::ThrowsMessage<UserError>(testing::HasSubstr("weights of another recipe")));
}

TEST_F(TrainRecipeTest, FaultsOfTheRecipeNameFileAndLine) {
  const auto refused = [&](const std::string& yaml, const std::string& text) {
    std::ofstream(folder_ / "recipe.yaml") << yaml;
    EXPECT_THAT([&] { read_puzzle_recipe(folder_ / "recipe.yaml"); },
                testing::ThrowsMessage<UserError>(
                    testing::AllOf(testing::HasSubstr("recipe.yaml:2"), testing::HasSubstr(text))));
  };
  refused("puzzles: [sort]\nsave_evry: 3\n", "did you mean 'save_every'");
  refused("puzzles: [sort]\nsteps: 0\n", "key 'steps' must be 1 or more");
  refused("puzzles: [sort]\nprecision: float16\n", "float32 or bfloat16");
  refused("puzzles: [sort]\nconstant_share: 1.5\n", "between 0 and 1");
  refused("puzzles: [sort]\nnetwork: {width: 100}\n", "a multiple of 2 * heads");
  refused("steps: 3\npuzzles: []\n", "at least one puzzle");
  refused("steps: 3\npuzzles: [sudku]\n", "did you mean 'sudoku'");
}

TEST(ScheduleTest, TheLearningRateWarmsUpStaysAndFalls) {
  const Schedule schedule{.steps = 1000, .learning_rate = 1, .warm_up_steps = 50};
  EXPECT_DOUBLE_EQ(schedule.learning_rate_at(0), 0.02);
  EXPECT_DOUBLE_EQ(schedule.learning_rate_at(49), 1);
  EXPECT_DOUBLE_EQ(schedule.learning_rate_at(299), 1);
  EXPECT_NEAR(schedule.learning_rate_at(650), 0.51, 1e-12);  // half way from 1 to 0.02
  EXPECT_NEAR(schedule.learning_rate_at(999), 0.02, 1e-4);
}

TEST(ScheduleTest, EvaluatesAtTheEndWhateverTheInterval) {
  const auto evaluations = [](int64_t evaluate_every) {
    const Schedule schedule{.steps = 25, .save_every = 10, .evaluate_every = evaluate_every};
    std::vector<int64_t> steps;
    for (int64_t step = 1; step <= schedule.steps; ++step)
      if (schedule.saves_after(step) && schedule.evaluates_after(step)) steps.push_back(step);
    return steps;
  };
  EXPECT_EQ(evaluations(10), (std::vector<int64_t>{10, 20, 25}));
  EXPECT_EQ(evaluations(20), (std::vector<int64_t>{20, 25}));
  EXPECT_EQ(evaluations(0), (std::vector<int64_t>{25}));
}

TEST(TrainingBatches, MaskOnlyAnswersAndNeverHoldATestItem) {
  const fs::path folder = test_folder();
  write_byte_level_tokenizer(folder, puzzle_special_tokens());
  const Tokenizer tokenizer = Tokenizer::load(folder);
  const SequenceIds ids = {*tokenizer.id_of(kMaskToken), *tokenizer.id_of(kEndToken)};
  const PuzzleKind& kind = find_puzzle_kind("reverse");
  const PuzzleSource source(kind, tokenizer, ids, 1);
  std::set<std::string> test;
  for (const TaskItem& item : test_part(kind).items) test.insert("<|reverse|>" + item.input + "=");
  const int64_t size = 16;
  double weight = 0;
  for (int64_t step = 0; step < 50; ++step) {
    const TrainingBatch batch = source.batch(step, size);
    const at::Tensor masked = batch.ids_BT == ids.mask;
    EXPECT_TRUE(at::equal(batch.ids_BT.index({~masked}), batch.targets_BT.index({~masked})));
    EXPECT_TRUE(at::equal(masked, batch.weights_BT > 0));
    for (int64_t row = 0; row < size; ++row) {
      const int64_t* tokens = batch.targets_BT[row].const_data_ptr<int64_t>();
      const std::string text = tokenizer.decode({tokens, 27});
      EXPECT_FALSE(test.contains(text.substr(0, text.find('=') + 1))) << text;
    }
    weight += batch.weights_BT.sum().item<double>() / 50;
  }
  // The weights of a batch sum to 1 in expectation: 1/t where masked, and masked with probability t.
  EXPECT_NEAR(weight, 1, 0.1);
  EXPECT_TRUE(at::equal(source.batch(3, size).ids_BT, source.batch(3, size).ids_BT));
  EXPECT_FALSE(at::equal(source.batch(3, size).ids_BT, source.batch(4, size).ids_BT));
}

}  // namespace
}  // namespace freeact
