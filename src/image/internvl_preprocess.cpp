#include "image/internvl_preprocess.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "image/image.h"
#include "image/resize.h"
#include "image/settings_reader.h"
#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

constexpr int64_t kMostTiles = 1024;

// By rising area, then rising columns: see choose_tiles().
std::vector<TileGrid> possible_grids(int64_t min_tiles, int64_t max_tiles) {
  std::vector<TileGrid> grids;
  for (int64_t area = min_tiles; area <= max_tiles; ++area)
    for (int64_t columns = 1; columns <= area; ++columns)
      if (area % columns == 0) grids.push_back({columns, area / columns});
  return grids;
}

void check_limits(const InternvlImageConfig& config) {
  if (config.min_tiles < 1 || config.max_tiles < config.min_tiles || config.max_tiles > kMostTiles)
    throw UserError(
        "between {} and {} tiles: the first must be at least 1, the second at least the first and at most {}",
        config.min_tiles, config.max_tiles, kMostTiles);
  if (config.tile_size < 1 || config.tile_size > kMaxImagePixels / config.tile_size / config.max_tiles)
    throw UserError("{} tiles of {} x {} are over {} pixels: lower the number of tiles", config.max_tiles,
                    config.tile_size, config.tile_size, kMaxImagePixels);
}

// image: uint8 [rows * S, columns * S, 3] -> uint8 [rows * columns, 3, S, S]
at::Tensor cut_into_tiles(const at::Tensor& image, int64_t S) {
  const int64_t rows = image.size(0) / S, columns = image.size(1) / S;
  return image.view({rows, S, columns, S, 3}).permute({0, 2, 4, 1, 3}).reshape({rows * columns, 3, S, S});
}

// (S / patch)^2 patches, of which the pixel shuffle keeps downsample_ratio^2.
int64_t tokens_per_tile(int64_t tile_size, int64_t patch_size, double downsample_ratio) {
  const auto patches = static_cast<double>((tile_size / patch_size) * (tile_size / patch_size));
  return static_cast<int64_t>(patches * downsample_ratio * downsample_ratio);
}

}  // namespace

InternvlImageConfig parse_internvl_image_config(const nlohmann::json& config, const std::string& config_file,
                                                const nlohmann::json& preprocessor,
                                                const std::string& preprocessor_file) {
  const SettingsReader reader(config, config_file), norms(preprocessor, preprocessor_file);
  const SettingsReader vision = reader.group("vision_config");
  InternvlImageConfig image;
  const int64_t native_size = vision.whole_number("image_size", image.tile_size, 1, 8192);
  image.tile_size = reader.whole_number("force_image_size", native_size, 1, 8192);
  image.min_tiles = reader.whole_number("min_dynamic_patch", image.min_tiles, 1, kMostTiles);
  image.max_tiles = reader.whole_number("max_dynamic_patch", image.max_tiles, 1, kMostTiles);
  if (image.max_tiles < image.min_tiles)
    reader.refuse("max_dynamic_patch", fmt::format("at least min_dynamic_patch, {}", image.min_tiles));
  image.dynamic = reader.flag("dynamic_image_size", image.dynamic);
  image.thumbnail = reader.flag("use_thumbnail", image.thumbnail);
  const int64_t patch_size = vision.whole_number("patch_size", 14, 1, image.tile_size);
  image.tokens_per_tile = tokens_per_tile(image.tile_size, patch_size, reader.number("downsample_ratio", 0.5, 1e-3, 1));
  image.mean = norms.channels("image_mean", image.mean, -1000, 1000);
  image.std = norms.channels("image_std", image.std, 1e-6, 1000);
  return image;
}

InternvlImageConfig read_internvl_image_config(const std::filesystem::path& folder) {
  const auto config = folder / "config.json", preprocessor = folder / "preprocessor_config.json";
  const nlohmann::json norms =
      std::filesystem::exists(preprocessor) ? read_json(preprocessor) : nlohmann::json::object();
  return parse_internvl_image_config(read_json(config), config.string(), norms, preprocessor.string());
}

TileGrid choose_tiles(int64_t width, int64_t height, int64_t min_tiles, int64_t max_tiles, int64_t tile_size) {
  const double aspect = static_cast<double>(width) / static_cast<double>(height);
  const double area = static_cast<double>(width) * static_cast<double>(height);
  const double half_tile = 0.5 * static_cast<double>(tile_size) * static_cast<double>(tile_size);
  TileGrid best;
  double least = std::numeric_limits<double>::infinity();
  for (const TileGrid grid : possible_grids(min_tiles, max_tiles)) {
    const auto columns = static_cast<double>(grid.columns), rows = static_cast<double>(grid.rows);
    const double difference = std::abs(aspect - columns / rows);
    if (difference < least || (difference == least && area > half_tile * columns * rows)) best = grid;
    least = std::min(least, difference);
  }
  return best;
}

InternvlImage internvl_preprocess(const at::Tensor& rgb, const InternvlImageConfig& config) {
  check_limits(config);
  const int64_t S = config.tile_size;
  const TileGrid grid =
      config.dynamic ? choose_tiles(rgb.size(1), rgb.size(0), config.min_tiles, config.max_tiles, S) : TileGrid{};
  at::Tensor tiles = cut_into_tiles(resize_bicubic(rgb, grid.rows * S, grid.columns * S), S);
  if (config.thumbnail && tiles.size(0) > 1) tiles = at::cat({tiles, cut_into_tiles(resize_bicubic(rgb, S, S), S)});
  return {look_up_levels(tiles, divided_levels(config.mean, config.std)), grid, tiles.size(0) * config.tokens_per_tile};
}

}  // namespace freeact
