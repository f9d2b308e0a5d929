// Pictures with questions for the embedded vision-language model: easy-VQA, and drawn scenes. Letters: H, W pixels.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "embedded/vision_scenes.h"

namespace freeact {

// The name of easy-VQA among the sources; the others are the scene kinds.
inline constexpr const char* kEasyVqa = "easy_vqa";

struct AskedPicture {
  at::Tensor rgb_HWC;  // uint8
  std::vector<PictureThing> things;
  std::vector<PictureQuestion> questions;
};

class PictureSource {
 public:
  virtual ~PictureSource() = default;
  // A picture to train on; never one of a test or calibration set.
  virtual AskedPicture draw(Random& random) const = 0;
  // The first `count` of those for calibration, always the same.
  virtual std::vector<AskedPicture> held_out(int64_t count) const = 0;
};

// name: easy_vqa, read from the cache, or a scene kind. Throws UserError on another name, or where the files are
// missing or broken.
std::unique_ptr<PictureSource> picture_source(const std::string& name);

}  // namespace freeact
