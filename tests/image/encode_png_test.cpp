#include "image/encode_png.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "image/image.h"
#include "image/resize.h"

namespace freeact {
namespace {

at::Tensor noise(int64_t height, int64_t width) {
  return at::randint(0, 256, {height, width, 3}, at::kByte);
}

TEST(EncodePng, DecodesToTheSamePixels) {
  for (const auto& picture : {noise(1, 1), noise(7, 33), noise(64, 48).transpose(0, 1)}) {
    const std::string bytes = encode_png(picture);
    EXPECT_TRUE(at::equal(decode_image(bytes, "encoded"), picture));
    EXPECT_EQ(encode_png(picture.clone()), bytes);
  }
}

TEST(ShrinkToSide, KeepsProportionsAndWhatIsSmallEnough) {
  const at::Tensor small = noise(256, 3), wide = noise(100, 512), line = noise(1, 2000);
  EXPECT_TRUE(shrink_to_side(small, 256).is_same(small));
  EXPECT_TRUE(at::equal(shrink_to_side(wide, 256), resize_bicubic(wide, 50, 256)));
  EXPECT_EQ(shrink_to_side(line, 256).size(0), 1);
  EXPECT_EQ(shrink_to_side(line, 256).size(1), 256);
}

}  // namespace
}  // namespace freeact
