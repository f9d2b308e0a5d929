// The model in datasets/puzzle_dllm/model is what its recipe and its model card say.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "embedded/adapter_recipe.h"
#include "embedded/puzzle_recipe.h"
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

TEST(ShippedAdapter, BelongsToTheCommittedRecipeAndManifest) {
  const fs::path folder = kDatasets / "smollm2_diffusion";
  const fs::path adapter = folder / "adapter.safetensors";
  const SafetensorsFile file(adapter);
  EXPECT_EQ(file.metadata().at("recipe"), recipe_hash(read_adapter_recipe(folder / "recipe.yaml")));
  EXPECT_LE(fs::file_size(adapter), 10'000'000U);
  for (const char* name : {"adapter.safetensors", "curve.jsonl"})
    EXPECT_THAT(read_file(folder / "manifest.yaml"), testing::HasSubstr(sha256_file(folder / name))) << name;
}

}  // namespace
}  // namespace freeact
