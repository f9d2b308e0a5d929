// The recipes of the embedded vision-language model: first its vision tower and projector alone, then all that is
// trained together with the frozen language model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "embedded/schedule.h"

namespace freeact {

inline constexpr const char* kVisionTowerKind = "vision_tower";
inline constexpr const char* kVisionAdapterKind = "vision_adapter";

struct TowerShape {
  int64_t width = 128, heads = 4, layers = 6, mlp_width = 512, image_size = 64, patch_size = 8;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("width", width, "of the patches");
    visit("heads", heads, "attention heads; divides width");
    visit("layers", layers, "transformer blocks");
    visit("mlp_width", mlp_width, "inner width of the MLP");
    visit("image_size", image_size, "pixels a side; pictures are resized to it");
    visit("patch_size", patch_size, "pixels a side; a vision token is 2 x 2 patches");
  }
};

struct PictureShare {
  std::string kind;
  int64_t images = 4;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("kind", kind, "easy_vqa or a kind of drawn scene (src/embedded/vision_scenes.h)");
    visit("images", images, "of this kind in a step");
  }
};

struct VisionRecipe {
  std::string kind, name, base, start, start_sha256;
  uint64_t seed = 0;
  int threads = 1;
  std::string precision = "bfloat16";
  TowerShape tower;
  int64_t rank = 6;
  double scale = 2;
  int64_t questions = 5;
  std::vector<PictureShare> pictures;
  Schedule schedule;
  int64_t evaluated_images = 24;
  std::filesystem::path folder;  // of the recipe file

  bool is_tower() const { return kind == kVisionTowerKind; }

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("kind", kind, "vision_tower or vision_adapter");
    visit("name", name, "of the model");
    visit("base", base, "folder of a Llama; a relative path is below the cache folder");
    visit("seed", seed, "weights, pictures and questions derive from it");
    visit("threads", threads, "CPU threads; sums, and so the weights, depend on their number");
    visit("precision", precision, "of frozen weights and activations: float32 or bfloat16");
    visit("tower", tower, "");
    visit("pictures", pictures, "what a step sees");
    if (!is_tower()) {
      visit("start", start, "file to go on from: of the tower, or of an adapter; \"\": none");
      visit("start_sha256", start_sha256, "of that file");
      visit("rank", rank, "of the addition to each linear of the language model");
      visit("scale", scale, "of the additions");
      visit("questions", questions, "about a picture, at most");
    }
    schedule.interval_fields(visit);
    visit("evaluated_images", evaluated_images, "held-out pictures of each kind");
    schedule.rate_fields(visit);
  }
};

// Whether a recipe file is for the vision-language model.
bool is_vision_recipe(const std::filesystem::path& file);

// Throws UserError, with file and line, on an unknown key or an impossible value.
VisionRecipe read_vision_recipe(const std::filesystem::path& file);

// Of the resolved recipe; where the start lies does not count, what it holds does.
std::string recipe_hash(const VisionRecipe& recipe);

}  // namespace freeact
