// Images for InternVL2.5, as its published loading code prepares them: tiles of one size and a thumbnail.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "image/normalise.h"

namespace freeact {

// From config.json; mean and deviation from preprocessor_config.json. A caller may override the limits.
struct InternvlImageConfig {
  int64_t tile_size = 448;  // pixels, force_image_size
  int64_t min_tiles = 1;    // min_dynamic_patch
  int64_t max_tiles = 12;   // max_dynamic_patch, without the thumbnail
  bool dynamic = true;      // dynamic_image_size; false: always one tile
  bool thumbnail = true;    // use_thumbnail
  int64_t tokens_per_tile = 256;
  ChannelValues mean{0.485, 0.456, 0.406};
  ChannelValues std{0.229, 0.224, 0.225};
};

// Unknown keys are ignored. UserError: a wrong type or an impossible value.
InternvlImageConfig parse_internvl_image_config(const nlohmann::json& config, const std::string& config_file,
                                                const nlohmann::json& preprocessor,
                                                const std::string& preprocessor_file);
// Reads FOLDER/config.json and, where there is one, FOLDER/preprocessor_config.json.
InternvlImageConfig read_internvl_image_config(const std::filesystem::path& folder);

struct TileGrid {
  int64_t columns = 1, rows = 1;
  bool operator==(const TileGrid&) const = default;
};

// The grid of min_tiles to max_tiles tiles whose aspect is nearest to the image's; of two equally near ones the larger,
// if the image has more than half its pixels. Grids of one area come in the order of a Python set in the reference, by
// their columns here. With a min_tiles of 1, as in all published models, that makes no difference: of a x b and c x d
// tiles of one area, a > c, never are both the nearest, since c x b are fewer tiles, whose aspect lies between. With
// more they can be, for an image of exactly their mean aspect, such as 5:2 in 4 tiles, and the choice may differ.
TileGrid choose_tiles(int64_t width, int64_t height, int64_t min_tiles, int64_t max_tiles, int64_t tile_size);

struct InternvlImage {
  at::Tensor pixel_values;  // float32 [tiles, 3, tile_size, tile_size], row by row, the thumbnail last
  TileGrid grid;
  int64_t num_tokens = 0;
};

// rgb: uint8 [H, W, 3]. UserError: limits that contradict each other or make an image over kMaxImagePixels.
InternvlImage internvl_preprocess(const at::Tensor& rgb, const InternvlImageConfig& config);

}  // namespace freeact
