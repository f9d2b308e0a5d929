// What is trained for the embedded vision-language model.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "embedded/training_run.h"
#include "embedded/vision_recipe.h"
#include "embedded/vision_sources.h"

namespace freeact {

// By the kind of recipe: tower_trainee() gives tower.safetensors, vision_adapter_trainee() adapter.safetensors.
Training training_of(const VisionRecipe& recipe);

// Tower and projector alone, on what each part of a picture shows: every patch tells kind and colour of the thing on
// it, through heads that are dropped afterwards, and every vision token becomes the mean over its patches of the
// language model's own embeddings of these two words, plus those of the quarter of the picture it lies in, so that the
// language model can read it from the start.
std::unique_ptr<Trainee> tower_trainee(const VisionRecipe& recipe);

// Tower, projector, a low-rank addition to every linear of the frozen language model, and the embeddings of the tokens
// around an image, on answers to questions. Several questions about a picture share its tokens in a row; none sees
// another, so that each is as if asked alone. Throws UserError when base, pictures or start do not fit the recipe.
std::unique_ptr<Trainee> vision_adapter_trainee(const VisionRecipe& recipe);

// The sources of a recipe and how many pictures of each a step sees.
class StepPictures {
 public:
  explicit StepPictures(const VisionRecipe& recipe);
  size_t size() const { return sources_.size(); }
  const std::string& name(size_t source) const { return shares_[source].kind; }
  // Of this step, always the same. random, which it goes on from, may be used for more choices.
  std::vector<AskedPicture> draw(size_t source, Random& random) const;
  std::vector<AskedPicture> held_out(size_t source, int64_t count) const { return sources_[source]->held_out(count); }

 private:
  const std::vector<PictureShare> shares_;
  std::vector<std::unique_ptr<PictureSource>> sources_;
};

}  // namespace freeact
