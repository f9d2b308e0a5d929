#include "image/qwen_preprocess.h"

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

// Python's round(): half to even, the default rounding mode.
int64_t round_half_even(double x) {
  return static_cast<int64_t>(std::nearbyint(x));
}

void refuse_other_processing(const SettingsReader& reader) {
  for (const char* step : {"do_resize", "do_rescale", "do_normalize", "do_convert_rgb"})
    if (!reader.flag(step, true)) reader.refuse(step, "true: images are always prepared whole");
  reader.whole_number("resample", 3, 3, 3);  // Pillow's number of bicubic
}

void check_limits(const QwenImageConfig& config) {
  if (config.min_pixels < 1 || config.max_pixels < config.min_pixels)
    throw UserError("min_pixels {} and max_pixels {}: the first must be at least 1 and at most the second",
                    config.min_pixels, config.max_pixels);
}

// image: uint8 [h, w, 3] -> uint8 [patches, 3, frames, patch, patch]
at::Tensor cut_into_patches(const at::Tensor& image, const QwenImageConfig& config) {
  const int64_t patch = config.patch_size, merge = config.merge_size, frames = config.temporal_patch_size;
  const int64_t grid_h = image.size(0) / patch, grid_w = image.size(1) / patch;
  return image.view({grid_h / merge, merge, patch, grid_w / merge, merge, patch, 3})
      .permute({0, 3, 1, 4, 6, 2, 5})  // block row, block column, row and column in the block, channel, y, x
      .reshape({grid_h * grid_w, 3, 1, patch, patch})
      .expand({-1, -1, frames, -1, -1});
}

}  // namespace

QwenImageConfig parse_qwen_image_config(const nlohmann::json& json, const std::string& file) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const SettingsReader reader(json, file);
  refuse_other_processing(reader);
  QwenImageConfig config;
  config.min_pixels = reader.whole_number("min_pixels", config.min_pixels, 1, kMost);
  config.max_pixels = reader.whole_number("max_pixels", config.max_pixels, 1, kMost);
  if (config.max_pixels < config.min_pixels)
    reader.refuse("max_pixels", fmt::format("at least min_pixels, {}", config.min_pixels));
  config.patch_size = reader.whole_number("patch_size", config.patch_size, 1, 1024);
  config.temporal_patch_size = reader.whole_number("temporal_patch_size", config.temporal_patch_size, 1, 16);
  config.merge_size = reader.whole_number("merge_size", config.merge_size, 1, 64);
  config.rescale_factor = reader.number("rescale_factor", config.rescale_factor, 1e-6, 1);
  config.mean = reader.channels("image_mean", config.mean, -1000, 1000);
  config.std = reader.channels("image_std", config.std, 1e-6, 1000);
  return config;
}

QwenImageConfig read_qwen_image_config(const std::filesystem::path& folder) {
  const auto file = folder / "preprocessor_config.json";
  return parse_qwen_image_config(read_json(file), file.string());
}

ImageSize smart_resize(ImageSize size, int64_t factor, int64_t min_pixels, int64_t max_pixels,
                       const std::string& name) {
  const auto [shorter, longer] = std::minmax({size.height, size.width});
  if (shorter < factor)
    throw UserError("'{}' is {} x {}: each side must have at least {} pixels", name, size.width, size.height, factor);
  const auto height = static_cast<double>(size.height), width = static_cast<double>(size.width);
  const auto unit = static_cast<double>(factor);
  if (static_cast<double>(longer) / static_cast<double>(shorter) > 200)
    throw UserError("'{}' is {} x {}: one side may be at most 200 times the other", name, size.width, size.height);
  const ImageSize rounded{round_half_even(height / unit) * factor, round_half_even(width / unit) * factor};
  const double area = static_cast<double>(rounded.height) * static_cast<double>(rounded.width);
  if (area > static_cast<double>(max_pixels)) {
    const double beta = std::sqrt(height * width / static_cast<double>(max_pixels));
    return {static_cast<int64_t>(std::floor(height / beta / unit)) * factor,
            static_cast<int64_t>(std::floor(width / beta / unit)) * factor};
  }
  if (area < static_cast<double>(min_pixels)) {
    const double beta = std::sqrt(static_cast<double>(min_pixels) / (height * width));
    return {static_cast<int64_t>(std::ceil(height * beta / unit)) * factor,
            static_cast<int64_t>(std::ceil(width * beta / unit)) * factor};
  }
  return rounded;
}

at::Tensor qwen_resize(const at::Tensor& rgb, const QwenImageConfig& config, const std::string& name) {
  check_limits(config);
  const ImageSize size = smart_resize({rgb.size(0), rgb.size(1)}, config.patch_size * config.merge_size,
                                      config.min_pixels, config.max_pixels, name);
  if (size.height == 0 || size.width == 0)
    throw UserError("'{}' is {} x {}, too long to fit into max_pixels {}: raise max_pixels or crop the image", name,
                    rgb.size(1), rgb.size(0), config.max_pixels);
  if (size.width > kMaxImagePixels / size.height)
    throw UserError("'{}' would be enlarged to {} x {}: lower min_pixels {}", name, size.width, size.height,
                    config.min_pixels);
  return resize_bicubic(rgb, size.height, size.width);
}

QwenImage qwen_preprocess(const at::Tensor& rgb, const QwenImageConfig& config, const std::string& name) {
  const at::Tensor resized = qwen_resize(rgb, config, name);
  const at::Tensor patches = cut_into_patches(resized, config);
  const LevelTable table = scaled_levels(config.rescale_factor, config.mean, config.std);
  const std::vector<int64_t> grid = {1, resized.size(0) / config.patch_size, resized.size(1) / config.patch_size};
  return {look_up_levels(patches, table).view({patches.size(0), -1}), at::tensor(grid, at::kLong).view({1, 3}),
          patches.size(0) / (config.merge_size * config.merge_size)};
}

}  // namespace freeact
