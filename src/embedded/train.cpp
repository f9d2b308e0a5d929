#include "embedded/train.h"

#include <ATen/ATen.h>

#include "checkpoint/folder.h"
#include "embedded/model_card.h"
#include "embedded/network.h"
#include "embedded/training_run.h"
#include "eval/puzzle_sets.h"
#include "eval/scoring.h"
#include "model/family.h"
#include "tokenizer/byte_level_writer.h"
#include "util/files.h"
#include "util/progress.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWeights = "model.safetensors";
constexpr const char* kRecipeKey = "recipe";

// Throws when the folder holds another model: nobody's weights are overwritten.
bool already_trained(const fs::path& out_dir, const TrainingRecipe& recipe) {
  if (!fs::exists(out_dir / kWeights)) return false;
  const auto about = SafetensorsFile(out_dir / kWeights).metadata();
  if (const auto found = about.find(kRecipeKey); found != about.end() && found->second == recipe_hash(recipe))
    return true;
  throw UserError("{} holds the weights of another recipe: choose another --out", out_dir.string());
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

}  // namespace

void train_recipe(const fs::path& recipe_file, const fs::path& out_dir, bool quiet) {
  const TrainingRecipe recipe = read_recipe(recipe_file);
  if (already_trained(out_dir, recipe)) return;
  const fs::path progress_dir = out_dir / "progress";
  TrainedNetwork trained = train_network(recipe, progress_dir, quiet);
  TensorMap weights = named_tensors(trained.network);
  for (auto& [name, tensor] : weights) tensor = tensor.to(at::kBFloat16);
  write_tokenizer(out_dir);
  write_file_atomically(out_dir / "config.json", llada_config_json(recipe.network).dump(2) + "\n");
  write_file_atomically(out_dir / "README.md", model_card(recipe, trained.seconds, measure(weights, recipe, out_dir)));
  // Last, since its presence says that the folder is complete.
  write_safetensors(out_dir / kWeights, weights, {{"format", "pt"}, {kRecipeKey, recipe_hash(recipe)}});
  fs::remove_all(progress_dir);
}

}  // namespace freeact
