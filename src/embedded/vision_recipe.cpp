#include "embedded/vision_recipe.h"

#include "config/yaml.h"
#include "embedded/vision_sources.h"
#include "util/fields.h"
#include "util/hash.h"

namespace freeact {
namespace {

[[noreturn]] void refuse(const std::string& key, const char* wanted) {
  throw FieldError(key, fmt::format("key '{}' must be {}", key, wanted));
}

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
    if (pictures[i].kind == kEasyVqa) continue;
    try {
      find_scene_kind(pictures[i].kind);
    } catch (const UserError& error) {
      throw FieldError(fmt::format("pictures[{}].kind", i), error.what());
    }
  }
}

void check(const VisionRecipe& r) {
  if (r.kind != kVisionTowerKind && r.kind != kVisionAdapterKind) refuse("kind", "vision_tower or vision_adapter");
  if (r.base.empty()) refuse("base", "the folder of a Llama");
  if (!r.start.empty() && r.start_sha256.empty()) refuse("start_sha256", "the SHA-256 of the file to start from");
  if (r.threads < 1) refuse("threads", "1 or more");
  if (r.precision != "float32" && r.precision != "bfloat16") refuse("precision", "float32 or bfloat16");
  if (r.rank < 1) refuse("rank", "1 or more");
  if (r.questions < 1) refuse("questions", "1 or more");
  if (r.steps < 1) refuse("steps", "1 or more");
  if (r.save_every < 1) refuse("save_every", "1 or more");
  if (r.evaluate_every < 1 || r.evaluate_every % r.save_every != 0)
    refuse("evaluate_every", "a multiple of save_every");
  if (r.evaluated_images < 1) refuse("evaluated_images", "1 or more");
  if (r.learning_rate <= 0) refuse("learning_rate", "positive");
  if (r.warm_up_steps < 0) refuse("warm_up_steps", "0 or more");
  check(r.tower);
  check(r.pictures);
}

}  // namespace

bool is_vision_recipe(const std::filesystem::path& file) {
  const Tree tree = load_yaml(file);
  const Json* kind = tree.find("kind");
  return kind != nullptr && (*kind == kVisionTowerKind || *kind == kVisionAdapterKind);
}

VisionRecipe read_vision_recipe(const std::filesystem::path& file) {
  const Tree tree = load_yaml(file);
  try {
    auto recipe = read_fields<VisionRecipe>(tree.values);
    if (recipe.name.empty()) recipe.name = file.parent_path().filename().string();
    recipe.folder = file.parent_path();
    check(recipe);
    return recipe;
  } catch (const FieldError& error) {
    throw located(error, tree.places);
  }
}

std::string recipe_hash(const VisionRecipe& recipe) {
  Json fields = write_fields(recipe);
  fields.erase("start");
  return sha256(fields.dump());
}

}  // namespace freeact
