#include "image/resize.h"

#include <algorithm>
#include <cmath>

#include "image/images.h"

namespace freeact {
namespace {

using test::gradient;

// One axis of the antialiased bicubic, dense and in double, without any rounding: [out, in].
at::Tensor exact_weights(int64_t in, int64_t out) {
  const double scale = static_cast<double>(in) / out, stretch = std::max(scale, 1.0);
  const at::Tensor centers = (at::arange(out, at::kDouble) + 0.5) * scale;
  const at::Tensor x = ((at::arange(in, at::kDouble) + 0.5 - centers.view({-1, 1})) / stretch).abs();
  const at::Tensor near = 1.5 * x * x * x - 2.5 * x * x + 1, far = -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2;
  const at::Tensor weights = at::where(x < 1, near, at::where(x < 2, far, at::zeros_like(x)));
  return weights / weights.sum(1, /*keepdim=*/true);
}

at::Tensor exact_resize(const at::Tensor& image, int64_t height, int64_t width) {
  const at::Tensor planes = image.permute({2, 0, 1}).to(at::kDouble);
  const at::Tensor rows = exact_weights(image.size(0), height), columns = exact_weights(image.size(1), width);
  return at::matmul(at::matmul(rows, planes), columns.t()).permute({1, 2, 0});
}

class Resize : public ::testing::TestWithParam<std::pair<int64_t, int64_t>> {};

// On a smooth image no level is clipped between the passes, so only their two roundings separate the two.
TEST_P(Resize, AgreesWithTheExactFilterUpToRounding) {
  const auto [height, width] = GetParam();
  const at::Tensor image = gradient(47, 61).div(2, "floor").add(60).to(at::kByte);
  const at::Tensor resized = resize_bicubic(image, height, width);
  EXPECT_EQ(resized.sizes(), at::IntArrayRef({height, width, 3}));
  const at::Tensor difference = (resized.to(at::kDouble) - exact_resize(image, height, width)).abs();
  EXPECT_LE(difference.max().item<double>(), 1.2);
}

INSTANTIATE_TEST_SUITE_P(Sizes, Resize,
                         ::testing::Values(std::pair{47, 30}, std::pair{20, 61}, std::pair{20, 30}, std::pair{1, 1},
                                           std::pair{90, 130}, std::pair{5, 200}, std::pair{47, 61}));

TEST(ResizeBicubic, SameSizeIsTheImage) {
  const at::Tensor image = gradient(7, 9);
  EXPECT_TRUE(at::equal(resize_bicubic(image, 7, 9), image));
}

TEST(ResizeBicubic, OneColourStaysThatColour) {
  for (const int level : {0, 1, 128, 254, 255}) {
    const at::Tensor image = at::full({1, 37, 3}, level, at::kByte);
    EXPECT_TRUE(at::equal(resize_bicubic(image, 28, 11), at::full({28, 11, 3}, level, at::kByte))) << level;
  }
}

// An edge in the upper row overshoots 255 when it is widened; clipped before the rows are averaged, it gives 128.
TEST(ResizeBicubic, OvershootIsClippedBetweenThePasses) {
  const at::Tensor image = at::zeros({2, 8, 1}, at::kByte);
  image.slice(0, 0, 1).slice(1, 4, 8).fill_(255);
  EXPECT_EQ(resize_bicubic(image, 1, 16).max().item<int>(), 128);
  EXPECT_GT(exact_resize(image, 1, 16).max().item<double>(), 130);
}

}  // namespace
}  // namespace freeact
