#include "prompt/image_processor.h"

#include <ATen/ATen.h>

#include "image/internvl_preprocess.h"
#include "image/qwen_preprocess.h"
#include "util/error.h"

namespace freeact {
namespace {

class QwenImages : public ImageProcessor {
 public:
  explicit QwenImages(QwenImageConfig config) : config_(config) {}

  PreparedImages prepare(const std::vector<at::Tensor>& rgb) const override {
    PreparedImages prepared;
    std::vector<at::Tensor> pixels, grids;
    for (size_t i = 0; i < rgb.size(); ++i) {
      const QwenImage image = qwen_preprocess(rgb[i], config_, fmt::format("image {}", i + 1));
      pixels.push_back(image.pixel_values);
      grids.push_back(image.grid_thw);
      prepared.num_tokens.push_back(image.num_tokens);
    }
    prepared.input = {at::cat(pixels), at::cat(grids)};
    prepared.merged_grids = prepared.input.grid_thw.slice(1, 1).floor_divide(config_.merge_size);
    return prepared;
  }

 private:
  QwenImageConfig config_;
};

class InternvlImages : public ImageProcessor {
 public:
  explicit InternvlImages(InternvlImageConfig config) : config_(config) {}

  PreparedImages prepare(const std::vector<at::Tensor>& rgb) const override {
    PreparedImages prepared;
    std::vector<at::Tensor> tiles;
    for (const auto& image : rgb) {
      const InternvlImage cut = internvl_preprocess(image, config_);
      tiles.push_back(cut.pixel_values);
      prepared.num_tokens.push_back(cut.num_tokens);
    }
    prepared.input.pixel_values = at::cat(tiles);
    return prepared;
  }

 private:
  InternvlImageConfig config_;
};

void refuse_limit(const char* name, int64_t value, const char* family) {
  if (value != 0) throw UserError("images.{} is {}, but {} has no such limit; it must be 0", name, value, family);
}

std::unique_ptr<ImageProcessor> qwen_images(const std::filesystem::path& folder, const ImageLimits& limits) {
  refuse_limit("max_tiles", limits.max_tiles, "Qwen2.5-VL");
  QwenImageConfig config = read_qwen_image_config(folder);
  if (limits.min_pixels > 0) config.min_pixels = limits.min_pixels;
  if (limits.max_pixels > 0) config.max_pixels = limits.max_pixels;
  if (config.min_pixels > config.max_pixels)
    throw UserError("images.min_pixels {} is above max_pixels {}", config.min_pixels, config.max_pixels);
  return std::make_unique<QwenImages>(config);
}

std::unique_ptr<ImageProcessor> internvl_images(const std::filesystem::path& folder, const ImageLimits& limits) {
  refuse_limit("min_pixels", limits.min_pixels, "InternVL");
  refuse_limit("max_pixels", limits.max_pixels, "InternVL");
  InternvlImageConfig config = read_internvl_image_config(folder);
  if (limits.max_tiles > 0) {
    config.max_tiles = limits.max_tiles;
    config.min_tiles = std::min(config.min_tiles, config.max_tiles);
  }
  return std::make_unique<InternvlImages>(config);
}

}  // namespace

std::unique_ptr<ImageProcessor> load_image_processor(ChatFamily family, const std::filesystem::path& folder,
                                                     const ImageLimits& limits) {
  if (limits.min_pixels < 0 || limits.max_pixels < 0 || limits.max_tiles < 0)
    throw UserError("limits of images must be 0 (as the checkpoint says) or more");
  if (family == ChatFamily::kQwenVl) return qwen_images(folder, limits);
  if (family == ChatFamily::kInternVl) return internvl_images(folder, limits);
  throw UserError("'{}': the model takes no images", folder.string());
}

}  // namespace freeact
