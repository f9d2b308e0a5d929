#include "image/encode_png.h"

#include <ATen/ATen.h>
#include <png.h>

#include <algorithm>
#include <cmath>

#include "image/resize.h"
#include "util/error.h"

namespace freeact {

std::string encode_png(const at::Tensor& rgb) {
  FREEACT_CHECK(rgb.dim() == 3 && rgb.size(2) == 3 && rgb.scalar_type() == at::kByte, "a picture is uint8 [H, W, 3]");
  const at::Tensor pixels = rgb.contiguous();
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(rgb.size(1));
  image.height = static_cast<png_uint_32>(rgb.size(0));
  image.format = PNG_FORMAT_RGB;
  const auto write = [&](void* target, png_alloc_size_t& size) {
    if (!png_image_write_to_memory(&image, target, &size, 0, pixels.const_data_ptr<uint8_t>(), 0, nullptr))
      throw EnvironmentError("a picture of {} x {} could not be encoded: {}", rgb.size(1), rgb.size(0), image.message);
  };
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);  // an upper bound, so that it is compressed only once
  std::string bytes(size, '\0');
  write(bytes.data(), size);
  bytes.resize(size);
  return bytes;
}

at::Tensor shrink_to_side(const at::Tensor& rgb, int64_t side) {
  const int64_t longer = std::max(rgb.size(0), rgb.size(1));
  if (longer <= side) return rgb;
  const auto shrunk = [&](int64_t length) {
    return std::max<int64_t>(1, std::llround(static_cast<double>(length * side) / static_cast<double>(longer)));
  };
  return resize_bicubic(rgb, shrunk(rgb.size(0)), shrunk(rgb.size(1)));
}

}  // namespace freeact
