// The model in datasets/puzzle_dllm/model is what its recipe and its model card say.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "embedded/adapter_recipe.h"
#include "embedded/puzzle_recipe.h"
#include "embedded/vision_recipe.h"
#include "eval/evaluate.h"
#include "eval/puzzles.h"
#include "fixtures.h"
#include "model/family.h"
#include "util/files.h"
#include "util/hash.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

const fs::path kDatasets = fs::path(FREEACT_SOURCE_DIR) / "datasets";
const fs::path kFolder = kDatasets / "puzzle_dllm";

TEST(ShippedModel, BelongsToTheCommittedRecipeAndManifest) {
  const SafetensorsFile file(kFolder / "model/model.safetensors");
  EXPECT_EQ(file.metadata().at("recipe"), recipe_hash(read_puzzle_recipe(kFolder / "recipe.yaml")));
  EXPECT_LE(fs::file_size(kFolder / "model/model.safetensors"), 4'000'000U);
  EXPECT_THAT(read_file(kFolder / "manifest.yaml"),
              testing::HasSubstr(sha256_file(kFolder / "model/model.safetensors")));
}

TEST(ShippedModel, SolvesItsPuzzles) {
  const Decoder model = load_decoder(CheckpointFolder(kFolder / "model"), "", at::kFloat);
  const Tokenizer tokenizer = Tokenizer::load(kFolder / "model");
  for (const PuzzleKind& kind : puzzle_kinds()) {
    EvalTaskSettings settings;
    settings.name = kind.name;
    settings.dataset = kind.dataset;
    settings.num_items = 50;
    const auto result = evaluate_task(kDatasets, settings, model, tokenizer, 1);
    EXPECT_GE(result.metrics[0].value, 95) << kind.name;
    EXPECT_EQ(result.metrics[0].count, 50) << kind.name;
  }
}

// Adapter, recipe and manifest of one folder belong together, and the adapter is as small as it is said to be.
void expect_shipped_adapter(const fs::path& folder, const std::string& hash, uintmax_t most_bytes) {
  const SafetensorsFile file(folder / "adapter.safetensors");
  EXPECT_EQ(file.metadata().at("recipe"), hash);
  EXPECT_LE(fs::file_size(folder / "adapter.safetensors"), most_bytes);
  for (const char* name : {"adapter.safetensors", "curve.jsonl"})
    EXPECT_THAT(read_file(folder / "manifest.yaml"), testing::HasSubstr(sha256_file(folder / name))) << name;
}

TEST(ShippedAdapter, OfTheDiffusionModelBelongsToTheCommittedRecipeAndManifest) {
  const fs::path folder = kDatasets / "smollm2_diffusion";
  expect_shipped_adapter(folder, recipe_hash(read_adapter_recipe(folder / "recipe.yaml")), 10'000'000U);
}

TEST(ShippedAdapter, OfTheVisionModelBelongsToTheCommittedRecipeAndManifest) {
  const fs::path folder = kDatasets / "smollm2_vision";
  expect_shipped_adapter(folder, recipe_hash(read_vision_recipe(folder / "recipe.yaml")), 8'000'000U);
}

}  // namespace
}  // namespace freeact
