#include "embedded/vision_trainee.h"

namespace freeact {

Training training_of(const VisionRecipe& recipe) {
  return {
      .name = recipe.name,
      .recipe_hash = recipe_hash(recipe),
      .result_file = recipe.is_tower() ? "tower.safetensors" : "adapter.safetensors",
      .schedule = recipe.schedule,
      .threads = recipe.threads,
      .metadata = {{"scale", fmt::format("{}", recipe.scale)}},
      .make_trainee = [recipe] { return recipe.is_tower() ? tower_trainee(recipe) : vision_adapter_trainee(recipe); }};
}

StepPictures::StepPictures(const VisionRecipe& recipe) : shares_(recipe.pictures) {
  for (const PictureShare& share : shares_) sources_.push_back(picture_source(share.kind));
}

std::vector<AskedPicture> StepPictures::draw(size_t source, Random& random) const {
  std::vector<AskedPicture> pictures;
  for (int64_t i = 0; i < shares_[source].images; ++i) pictures.push_back(sources_[source]->draw(random));
  return pictures;
}

}  // namespace freeact
