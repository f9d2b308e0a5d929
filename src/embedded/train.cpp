#include "embedded/train.h"

#include <ATen/ATen.h>

#include "checkpoint/folder.h"
#include "embedded/adapter.h"
#include "embedded/adapter_trainee.h"
#include "embedded/model_card.h"
#include "embedded/network.h"
#include "embedded/puzzle_trainee.h"
#include "embedded/recipe_file.h"
#include "embedded/vision_form.h"
#include "embedded/vision_trainee.h"
#include "eval/puzzle_sets.h"
#include "eval/scoring.h"
#include "model/family.h"
#include "util/cache.h"
#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCard = "README.md";
constexpr const char* kRecipeKey = "recipe";

bool is_made_by(const fs::path& weights, const std::string& recipe) {
  const auto about = SafetensorsFile(weights).metadata();
  const auto found = about.find(kRecipeKey);
  return found != about.end() && found->second == recipe;
}

// Throws when the folder holds another recipe's weights: nobody's weights are overwritten.
bool already_trained(const Training& training, const fs::path& out_dir) {
  if (!fs::exists(out_dir / training.result_file)) return false;
  if (is_made_by(out_dir / training.result_file, training.recipe_hash)) return true;
  throw UserError("{} holds the weights of another recipe: choose another --out", out_dir.string());
}

// The curve of a training that was finished before comes again.
void train_into(const fs::path& out_dir, const Training& training, bool quiet, const CurveListener& on_row) {
  if (already_trained(training, out_dir))
    return CurveFile(out_dir / kCurveFile, training.curve_owner(false), on_row).go_on(training.schedule.steps);
  const TrainingResult trained = run_training(training, out_dir, quiet, 0, on_row);
  write_safetensors(out_dir / training.result_file, trained.tensors, trained.metadata);
}

PuzzleAccuracy accuracy_of(const PuzzleKind& kind, const Decoder& model, const Tokenizer& tokenizer) {
  EvalTaskSettings settings;
  settings.name = kind.name;
  const MetricValue match =
      evaluate_generation({test_part(kind)}, settings, model, tokenizer, /*seed=*/0).metrics.front();
  return {kind.name, match.value, match.standard_error, match.count};
}

// What a user of the folder gets: the stored weights, computed in float32.
std::vector<PuzzleAccuracy> measure(const TensorMap& weights, const PuzzleRecipe& recipe, const fs::path& folder) {
  const Family family = llada_family();
  const Decoder model = build_decoder(
      family.read_config(nlohmann::json(llada_config_json(recipe.network))), family.modules,
      [&](const std::string& name) { return weights.at(name); }, at::kFloat);
  const Tokenizer tokenizer = Tokenizer::load(folder);
  std::vector<PuzzleAccuracy> accuracies;
  for (const std::string& puzzle : recipe.puzzles)
    accuracies.push_back(accuracy_of(find_puzzle_kind(puzzle), model, tokenizer));
  return accuracies;
}

Json with_accuracies(Json row, const std::vector<PuzzleAccuracy>& accuracies) {
  for (const PuzzleAccuracy& accuracy : accuracies) row["exact_match"][accuracy.puzzle] = accuracy.exact_match;
  return row;
}

// The card tells the last row of the curve.
void write_adapter_card(const AdapterRecipe& recipe, const fs::path& out_dir) {
  std::string rows = read_file(out_dir / kCurveFile);
  rows.pop_back();  // the last line feed
  const Json last_row = Json::parse(rows.substr(rows.rfind('\n') + 1));
  write_file_atomically(out_dir / kCard, adapter_card(recipe, last_row));
}

void train_puzzle_model(const PuzzleRecipe& recipe, const fs::path& out_dir, bool quiet, const CurveListener& on_row) {
  const Training training = training_of(recipe, out_dir);
  if (already_trained(training, out_dir)) return;
  const TrainingResult trained = run_training(training, out_dir, quiet, 0, on_row);
  write_file_atomically(out_dir / "config.json", llada_config_json(recipe.network).dump(2) + "\n");
  const auto accuracies = measure(trained.tensors, recipe, out_dir);
  write_file_atomically(out_dir / kCard, model_card(recipe, trained.seconds, accuracies));
  if (on_row && !trained.last_row.is_null())
    on_row(training.curve_owner(), with_accuracies(trained.last_row, accuracies));
  // Last, since its presence says that the folder is complete.
  write_safetensors(out_dir / training.result_file, trained.tensors, trained.metadata);
}

}  // namespace

void train_recipe(const fs::path& recipe_file, const fs::path& out_dir, bool quiet, const CurveListener& on_row) {
  if (is_vision_recipe(recipe_file)) {
    train_into(out_dir, training_of(read_vision_recipe(recipe_file)), quiet, on_row);
  } else if (recipe_kind(recipe_file) == kAdapterKind) {
    const AdapterRecipe recipe = read_adapter_recipe(recipe_file);
    train_into(out_dir, training_of(recipe), quiet, on_row);
    if (!fs::exists(out_dir / kCard)) write_adapter_card(recipe, out_dir);
  } else {
    train_puzzle_model(read_puzzle_recipe(recipe_file), out_dir, quiet, on_row);
  }
  fs::remove_all(out_dir / "progress");
}

void merge_recipe(const fs::path& recipe_file, const fs::path& adapter_file, const fs::path& out_dir) {
  const auto check_maker = [&](const std::string& hash) {
    if (!is_made_by(adapter_file, hash))
      throw UserError("{} was not made by the recipe {}", adapter_file.string(), recipe_file.string());
  };
  if (is_vision_recipe(recipe_file)) {
    const VisionRecipe recipe = read_vision_recipe(recipe_file);
    check_maker(recipe_hash(recipe));
    return merge_vision_adapter(cache_folder() / recipe.base, adapter_file, recipe.tower, out_dir);
  }
  const AdapterRecipe recipe = read_adapter_recipe(recipe_file);
  check_maker(recipe_hash(recipe));
  merge_adapter(cache_folder() / recipe.base, adapter_file, out_dir);
}

}  // namespace freeact
