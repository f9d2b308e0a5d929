#include "embedded/train.h"

#include <ATen/ATen.h>

#include "checkpoint/folder.h"
#include "embedded/adapter.h"
#include "embedded/adapter_run.h"
#include "embedded/model_card.h"
#include "embedded/network.h"
#include "embedded/training_run.h"
#include "embedded/vision_form.h"
#include "embedded/vision_run.h"
#include "eval/puzzle_sets.h"
#include "eval/scoring.h"
#include "model/family.h"
#include "tokenizer/byte_level_writer.h"
#include "util/cache.h"
#include "util/files.h"
#include "util/progress.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWeights = "model.safetensors";
constexpr const char* kCard = "README.md";
constexpr const char* kAdapter = "adapter.safetensors";
constexpr const char* kTower = "tower.safetensors";
constexpr const char* kRecipeKey = "recipe";

// Throws when the file holds another recipe's weights: nobody's weights are overwritten.
bool already_trained(const fs::path& weights, const std::string& recipe) {
  if (!fs::exists(weights)) return false;
  const auto about = SafetensorsFile(weights).metadata();
  if (const auto found = about.find(kRecipeKey); found != about.end() && found->second == recipe) return true;
  throw UserError("{} holds the weights of another recipe: choose another --out", weights.parent_path().string());
}

void write_tokenizer(const fs::path& folder) {
  write_byte_level_tokenizer(folder, puzzle_special_tokens(),
                             {{"eos_token", kEndToken}, {"pad_token", kEndToken}, {"mask_token", kMaskToken}});
}

PuzzleAccuracy accuracy_of(const PuzzleKind& kind, const Decoder& model, const Tokenizer& tokenizer) {
  EvalTaskSettings settings;
  settings.name = kind.name;
  const MetricValue match =
      evaluate_generation({test_part(kind)}, settings, model, tokenizer, /*seed=*/0).metrics.front();
  return {kind.name, match.value, match.standard_error, match.count};
}

// What a user of the folder gets: the stored weights, computed in float32.
std::vector<PuzzleAccuracy> measure(const TensorMap& weights, const TrainingRecipe& recipe, const fs::path& folder) {
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

void train_adapter_recipe(const fs::path& recipe_file, const fs::path& out_dir, bool quiet,
                          const CurveListener& on_row) {
  const AdapterRecipe recipe = read_adapter_recipe(recipe_file);
  if (already_trained(out_dir / kAdapter, recipe_hash(recipe))) {
    CurveFile(out_dir / kCurveFile, {recipe.name, recipe_hash(recipe), recipe.steps, recipe.threads, false}, on_row)
        .go_on(recipe.steps);
  } else {
    const TrainedAdapter trained = train_adapter(recipe, out_dir, quiet, 0, on_row);
    write_safetensors(out_dir / kAdapter, trained.tensors, trained.metadata);
  }
  if (!fs::exists(out_dir / kCard)) write_adapter_card(recipe, out_dir);
  fs::remove_all(out_dir / "progress");
}

// A tower gives tower.safetensors, to start from; an adapter what is shipped.
void train_vision_recipe(const fs::path& recipe_file, const fs::path& out_dir, bool quiet,
                         const CurveListener& on_row) {
  const VisionRecipe recipe = read_vision_recipe(recipe_file);
  const fs::path result = out_dir / (recipe.is_tower() ? kTower : kAdapter);
  if (already_trained(result, recipe_hash(recipe))) {
    CurveFile(out_dir / kCurveFile, {recipe.name, recipe_hash(recipe), recipe.steps, recipe.threads, false}, on_row)
        .go_on(recipe.steps);
  } else {
    const TrainedAdapter trained = train_vision(recipe, out_dir, quiet, 0, on_row);
    write_safetensors(result, trained.tensors, trained.metadata);
  }
  fs::remove_all(out_dir / "progress");
}

}  // namespace

void train_recipe(const fs::path& recipe_file, const fs::path& out_dir, bool quiet, const CurveListener& on_row) {
  if (is_vision_recipe(recipe_file)) return train_vision_recipe(recipe_file, out_dir, quiet, on_row);
  if (is_adapter_recipe(recipe_file)) return train_adapter_recipe(recipe_file, out_dir, quiet, on_row);
  const TrainingRecipe recipe = read_recipe(recipe_file);
  if (already_trained(out_dir / kWeights, recipe_hash(recipe))) return;
  const fs::path progress_dir = out_dir / "progress";
  TrainedNetwork trained = train_network(recipe, progress_dir, quiet, 0, on_row);
  TensorMap weights = named_tensors(trained.network);
  for (auto& [name, tensor] : weights) tensor = tensor.to(at::kBFloat16);
  write_tokenizer(out_dir);
  write_file_atomically(out_dir / "config.json", llada_config_json(recipe.network).dump(2) + "\n");
  const auto accuracies = measure(weights, recipe, out_dir);
  write_file_atomically(out_dir / kCard, model_card(recipe, trained.seconds, accuracies));
  if (on_row && !trained.last_row.is_null())
    on_row({recipe.name, recipe_hash(recipe), recipe.steps, recipe.threads},
           with_accuracies(trained.last_row, accuracies));
  // Last, since its presence says that the folder is complete.
  write_safetensors(out_dir / kWeights, weights, {{"format", "pt"}, {kRecipeKey, recipe_hash(recipe)}});
  fs::remove_all(progress_dir);
}

void merge_recipe(const fs::path& recipe_file, const fs::path& adapter_file, const fs::path& out_dir) {
  const auto check_maker = [&](const std::string& hash) {
    const auto about = SafetensorsFile(adapter_file).metadata();
    if (const auto found = about.find(kRecipeKey); found == about.end() || found->second != hash)
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
