// Images for Qwen2.5-VL, as the slow image processor of transformers 4.49 prepares them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "image/normalise.h"

namespace freeact {

struct ImageSize {
  int64_t height = 0, width = 0;
  bool operator==(const ImageSize&) const = default;
};

// preprocessor_config.json; the defaults are the processor's own. A caller may override the limits.
struct QwenImageConfig {
  int64_t min_pixels = 56 * 56;
  int64_t max_pixels = 28 * 28 * 1280;
  int64_t patch_size = 14;          // pixels
  int64_t temporal_patch_size = 2;  // frames; a still image is repeated
  int64_t merge_size = 2;           // patches that one token merges, along a side
  double rescale_factor = 1.0 / 255;
  ChannelValues mean{0.48145466, 0.4578275, 0.40821073};
  ChannelValues std{0.26862954, 0.26130258, 0.27577711};
};

// Unknown keys are ignored. UserError: a wrong type, an impossible value, or processing that this does not do.
QwenImageConfig parse_qwen_image_config(const nlohmann::json& json, const std::string& file);
// Reads FOLDER/preprocessor_config.json.
QwenImageConfig read_qwen_image_config(const std::filesystem::path& folder);

// The size nearest to the given one whose sides are multiples of factor and whose area is within the limits. For a very
// long image and a small max_pixels the short side can come out as 0. UserError: a side shorter than factor, or one
// over 200 times the other. name stands for the image in messages.
ImageSize smart_resize(ImageSize size, int64_t factor, int64_t min_pixels, int64_t max_pixels,
                       const std::string& name = "the image");

struct QwenImage {
  at::Tensor pixel_values;  // float32 [grid_t * grid_h * grid_w, 3 * temporal_patch_size * patch_size * patch_size]
  at::Tensor grid_thw;      // int64 [1, 3], patches; rows of pixel_values run over (h / merge, w / merge, merge, merge)
  int64_t num_tokens = 0;   // after merging
};

// rgb: uint8 [H, W, 3]; returns uint8 [h, w, 3] of the size that smart_resize() gives. UserError as there, and where
// that size is empty or over kMaxImagePixels.
at::Tensor qwen_resize(const at::Tensor& rgb, const QwenImageConfig& config, const std::string& name = "the image");
QwenImage qwen_preprocess(const at::Tensor& rgb, const QwenImageConfig& config, const std::string& name = "the image");

}  // namespace freeact
