#include "embedded/vision_recipe.h"

#include "embedded/recipe_file.h"
#include "embedded/vision_sources.h"
#include "util/hash.h"

namespace freeact {
namespace {

void check(const TowerShape& t) {
  if (t.layers < 1) refuse("tower.layers", "1 or more");
  if (t.mlp_width < 1) refuse("tower.mlp_width", "1 or more");
  if (t.heads < 1 || t.width < 1 || t.width % t.heads != 0) refuse("tower.width", "a multiple of tower.heads");
  if (t.patch_size < 1) refuse("tower.patch_size", "1 or more");
  if (t.image_size < 1 || t.image_size % (2 * t.patch_size) != 0)
    refuse("tower.image_size", "a multiple of 2 * tower.patch_size");
}

void check(const std::vector<PictureShare>& pictures) {
  if (pictures.empty()) refuse("pictures", "a list of at least one kind");
  for (size_t i = 0; i < pictures.size(); ++i) {
    if (pictures[i].images < 1) refuse(fmt::format("pictures[{}].images", i), "1 or more");
    if (pictures[i].kind != kEasyVqa)
      check_name(fmt::format("pictures[{}].kind", i), [&] { find_scene_kind(pictures[i].kind); });
  }
}

void check(const VisionRecipe& r) {
  if (r.kind != kVisionTowerKind && r.kind != kVisionAdapterKind) refuse("kind", "vision_tower or vision_adapter");
  if (r.base.empty()) refuse("base", "the folder of a Llama");
  if (!r.start.empty() && r.start_sha256.empty()) refuse("start_sha256", "the SHA-256 of the file to start from");
  check_arithmetic(r.threads, r.precision);
  r.schedule.check();
  if (r.rank < 1) refuse("rank", "1 or more");
  if (r.questions < 1) refuse("questions", "1 or more");
  if (r.evaluated_images < 1) refuse("evaluated_images", "1 or more");
  check(r.tower);
  check(r.pictures);
}

}  // namespace

bool is_vision_recipe(const std::filesystem::path& file) {
  const std::string kind = recipe_kind(file);
  return kind == kVisionTowerKind || kind == kVisionAdapterKind;
}

VisionRecipe read_vision_recipe(const std::filesystem::path& file) {
  auto recipe = read_recipe_file<VisionRecipe>(file, file.parent_path().filename(), check);
  recipe.folder = file.parent_path();
  return recipe;
}

std::string recipe_hash(const VisionRecipe& recipe) {
  Json fields = write_fields(recipe);
  fields.erase("start");
  return sha256(fields.dump());
}

}  // namespace freeact
