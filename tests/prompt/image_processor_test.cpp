#include "prompt/image_processor.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "util/error.h"

namespace freeact {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::filesystem::path checkpoint(const char* set) {
  return std::filesystem::path(FREEACT_SOURCE_DIR) / "tests/golden/data" / set;
}

at::Tensor picture(int64_t height, int64_t width) {
  return at::randint(0, 256, {height, width, 3}, at::kByte);
}

TEST(QwenImages, StandOneBehindTheOther) {
  const auto processor = load_image_processor(ChatFamily::kQwenVl, checkpoint("qwen2_5_vl_tiny"));
  const PreparedImages images = processor->prepare({picture(56, 84), picture(112, 56)});
  EXPECT_THAT(images.num_tokens, ElementsAre(6, 8));
  EXPECT_TRUE(at::equal(images.merged_grids, at::tensor({2, 3, 4, 2}, at::kLong).view({2, 2})));
  EXPECT_EQ(images.input.pixel_values.size(0), (6 + 8) * 4);
}

TEST(QwenImages, ObeyTheCallersLimits) {
  const auto tokens = [](const ImageLimits& limits) {
    const auto processor = load_image_processor(ChatFamily::kQwenVl, checkpoint("qwen2_5_vl_tiny"), limits);
    return processor->prepare({picture(140, 140)}).num_tokens[0];
  };
  EXPECT_EQ(tokens({.max_pixels = 56 * 56}), 4);
  EXPECT_EQ(tokens({.min_pixels = 280 * 280, .max_pixels = 560 * 560}), 100);
}

TEST(InternVlImages, ObeyTheCallersTiles) {
  const auto prepared = [](const ImageLimits& limits) {
    const auto processor = load_image_processor(ChatFamily::kInternVl, checkpoint("internvl2_5_tiny"), limits);
    return processor->prepare({picture(56, 224), picture(50, 50)});
  };
  const PreparedImages images = prepared({});
  EXPECT_THAT(images.num_tokens, ElementsAre(5 * 4, 4)) << "four tiles and the thumbnail; a single tile has none";
  EXPECT_EQ(images.input.pixel_values.size(0), 6);
  EXPECT_FALSE(images.merged_grids.defined());
  EXPECT_THAT(prepared({.max_tiles = 1}).num_tokens, ElementsAre(4, 4));
}

TEST(Limits, ThatMakeNoSenseAreRefused) {
  const auto refused = [](ChatFamily family, const char* set, const ImageLimits& limits, const char* message) {
    EXPECT_THAT([&] { load_image_processor(family, checkpoint(set), limits); },
                ThrowsMessage<UserError>(HasSubstr(message)));
  };
  refused(ChatFamily::kQwenVl, "qwen2_5_vl_tiny", {.max_tiles = 4}, "images.max_tiles is 4, but Qwen2.5-VL");
  refused(ChatFamily::kInternVl, "internvl2_5_tiny", {.max_pixels = 4}, "images.max_pixels is 4, but InternVL");
  refused(ChatFamily::kQwenVl, "qwen2_5_vl_tiny", {.min_pixels = 9, .max_pixels = 8}, "min_pixels 9 is above");
  refused(ChatFamily::kQwenVl, "qwen2_5_vl_tiny", {.min_pixels = -1}, "0 (as the checkpoint says) or more");
  refused(ChatFamily::kChatMl, "qwen2_5_vl_tiny", {}, "takes no images");
}

}  // namespace
}  // namespace freeact
