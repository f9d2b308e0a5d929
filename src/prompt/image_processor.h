// From pictures to what a vision tower reads, and how many tokens they take in the prompt.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "model/vision_tower.h"
#include "tokenizer/chat.h"
#include "util/fields.h"

namespace freeact {

// Scores depend on how large the pictures are that a model sees. 0: as the checkpoint's files say.
struct ImageLimits {
  int64_t min_pixels = 0, max_pixels = 0;
  int64_t max_tiles = 0;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("min_pixels", min_pixels, "Qwen2.5-VL: smaller images are enlarged to this area; 0: as the checkpoint says");
    visit("max_pixels", max_pixels, "Qwen2.5-VL: larger images are shrunk to this area; 0: as the checkpoint says");
    visit("max_tiles", max_tiles,
          "InternVL: most tiles of an image, the thumbnail not counted; 0: as the checkpoint says");
  }
  bool operator==(const ImageLimits&) const = default;
};

// The images of one prompt, in the order of the conversation.
struct PreparedImages {
  VisionInput input;
  std::vector<int64_t> num_tokens;  // of each image
  at::Tensor merged_grids;          // int64 [images, 2]: rows and columns of tokens; undefined for tiles
};

class ImageProcessor {
 public:
  virtual ~ImageProcessor() = default;
  // rgb: uint8 [H, W, 3] each, at least one. Throws UserError on an image the family has no size for.
  virtual PreparedImages prepare(const std::vector<at::Tensor>& rgb) const = 0;
};

// Of a checkpoint folder. Throws UserError on a family without images, and on a limit that the family does not have or
// that contradicts another.
std::unique_ptr<ImageProcessor> load_image_processor(ChatFamily family, const std::filesystem::path& folder,
                                                     const ImageLimits& limits = {});

}  // namespace freeact
