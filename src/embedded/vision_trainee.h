// What is trained for the embedded vision-language model: the loop of vision_run.h drives either of two.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/safetensors.h"
#include "embedded/vision_recipe.h"
#include "embedded/vision_sources.h"
#include "util/fields.h"

namespace freeact {

struct StepLosses {
  std::vector<std::pair<std::string, at::Tensor>> parts;  // scalars; their sum is minimised
  int64_t tokens = 0;                                     // that the step saw, padding not counted
};

class VisionTrainee {
 public:
  virtual ~VisionTrainee() = default;
  // Leaves in float32 that ask for gradients, each of which every step gives one.
  virtual const TensorMap& parameters() const = 0;
  virtual StepLosses losses(int64_t step) = 0;
  // Objects for a row of the curve, measured on held-out pictures.
  virtual Json evaluate() = 0;
  // The result, in bfloat16.
  virtual TensorMap tensors() const = 0;
};

// Tower and projector alone, on what each part of a picture shows: every patch tells kind and colour of the thing on
// it, through heads that are dropped afterwards, and every vision token becomes the mean over its patches of the
// language model's own embeddings of these two words, so that the language model can read it from the start.
std::unique_ptr<VisionTrainee> tower_trainee(const VisionRecipe& recipe);

// Tower, projector, a low-rank addition to every linear of the frozen language model, and the embeddings of the tokens
// around an image, on answers to questions. Several questions about a picture share its tokens in a row; none sees
// another, so that each is as if asked alone.
std::unique_ptr<VisionTrainee> adapter_trainee(const VisionRecipe& recipe);

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
