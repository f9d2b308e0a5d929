#include "image/resize.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "util/error.h"

namespace freeact {
namespace {

constexpr int kFractionBits = 22;  // of the fixed-point weights

// Keys' cubic with a = -0.5.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

// The input pixels that make up one output pixel, and their weights.
struct Taps {
  int64_t first;
  std::vector<int32_t> weights;
};

Taps taps_of(int64_t x, double scale, int64_t in_size) {
  const double stretch = std::max(scale, 1.0), support = 2 * stretch, inverse = 1 / stretch;
  const double center = (static_cast<double>(x) + 0.5) * scale;
  const int64_t first = std::max<int64_t>(static_cast<int64_t>(center - support + 0.5), 0);
  const int64_t end = std::min(static_cast<int64_t>(center + support + 0.5), in_size);
  std::vector<double> exact;
  double sum = 0;
  for (int64_t tap = first; tap < end; ++tap) {
    exact.push_back(cubic((static_cast<double>(tap) - center + 0.5) * inverse));
    sum += exact.back();
  }
  Taps taps{first, {}};
  for (double weight : exact) {
    if (sum != 0) weight /= sum;
    taps.weights.push_back(static_cast<int32_t>(weight * (1 << kFractionBits) + (weight < 0 ? -0.5 : 0.5)));
  }
  return taps;
}

std::vector<Taps> all_taps(int64_t in_size, int64_t out_size) {
  const double scale = static_cast<double>(in_size) / static_cast<double>(out_size);
  std::vector<Taps> taps;
  for (int64_t x = 0; x < out_size; ++x) taps.push_back(taps_of(x, scale, in_size));
  return taps;
}

uint8_t to_level(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kFractionBits, 0, 255));
}

constexpr int32_t kHalf = 1 << (kFractionBits - 1);

// image: [outer, in, inner] resized along its middle axis; rows: one axis of pixels (horizontal) has inner = channels,
// whole lines (vertical) have inner = width * channels.
at::Tensor resize_middle(const at::Tensor& image, int64_t out_size) {
  const int64_t outer = image.size(0), in_size = image.size(1), inner = image.size(2);
  const std::vector<Taps> taps = all_taps(in_size, out_size);
  const at::Tensor resized = at::empty({outer, out_size, inner}, at::kByte);
  const uint8_t* from = image.data_ptr<uint8_t>();
  uint8_t* to = resized.data_ptr<uint8_t>();
  std::vector<int32_t> sums(inner);
  for (int64_t block = 0; block < outer; ++block, from += in_size * inner) {
    for (const Taps& tap : taps) {
      std::fill(sums.begin(), sums.end(), kHalf);
      const uint8_t* source = from + tap.first * inner;
      for (const int32_t weight : tap.weights) {
        for (int64_t i = 0; i < inner; ++i) sums[i] += weight * source[i];
        source += inner;
      }
      to = std::transform(sums.begin(), sums.end(), to, to_level);
    }
  }
  return resized;
}

}  // namespace

at::Tensor resize_bicubic(const at::Tensor& image_HWC, int64_t height, int64_t width) {
  FREEACT_CHECK(image_HWC.dim() == 3 && image_HWC.scalar_type() == at::kByte && image_HWC.numel() > 0,
                "an image is uint8 [height, width, channels]");
  FREEACT_CHECK(height > 0 && width > 0, "resizing to {} x {}", width, height);
  at::Tensor image = image_HWC.contiguous();
  if (width != image.size(1)) image = resize_middle(image, width);
  if (height == image.size(0)) return image;
  const int64_t channels = image.size(2);
  return resize_middle(image.reshape({1, image.size(0), width * channels}), height).view({height, width, channels});
}

}  // namespace freeact
