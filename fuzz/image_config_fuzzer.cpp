// The image settings of a checkpoint, read as those of either family; then a small image prepared with them.
#include <ATen/ATen.h>

#include "fuzz/run.h"
#include "image/internvl_preprocess.h"
#include "image/qwen_preprocess.h"
#include "util/files.h"

namespace freeact {
namespace {

constexpr int64_t kMaxPixels = 1 << 16;  // of what is prepared; larger is right but slow

void prepare_as_qwen(const nlohmann::json& json, const at::Tensor& image) {
  const QwenImageConfig config = parse_qwen_image_config(json, "preprocessor_config.json");
  const int64_t factor = config.patch_size * config.merge_size;
  const ImageSize size = smart_resize({image.size(0), image.size(1)}, factor, config.min_pixels, config.max_pixels);
  FREEACT_CHECK(size.height % factor == 0 && size.width % factor == 0, "{} x {}", size.width, size.height);
  if (config.min_pixels <= kMaxPixels) {
    const QwenImage prepared = qwen_preprocess(image, config);
    FREEACT_CHECK(prepared.pixel_values.size(0) == prepared.num_tokens * config.merge_size * config.merge_size,
                  "{} tokens", prepared.num_tokens);
  }
}

void prepare_as_internvl(const nlohmann::json& json, const at::Tensor& image) {
  const InternvlImageConfig config = parse_internvl_image_config(json, "config.json", json, "preprocessor_config.json");
  if (config.tile_size * config.tile_size * config.max_tiles <= kMaxPixels)
    FREEACT_CHECK(internvl_preprocess(image, config).pixel_values.size(1) == 3, "no channels");
}

}  // namespace
}  // namespace freeact

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace freeact;
  static const at::Tensor image = at::full({40, 90, 3}, 77, at::kByte);
  return run_input(data, size, [](std::string_view text) {
    const nlohmann::json json = parse_json(text, "config");
    try {
      prepare_as_qwen(json, image);
    } catch (const UserError&) {  // may still be InternVL's
    }
    prepare_as_internvl(json, image);
  });
}
