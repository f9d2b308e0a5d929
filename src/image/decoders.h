// The decoders behind decode_image(), see image.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace freeact {

// UserError when a side is zero or there are more than max_pixels.
void check_image_size(const std::string& name, int64_t width, int64_t height, int64_t max_pixels);

at::Tensor decode_png(std::string_view bytes, const std::string& name, int64_t max_pixels);
at::Tensor decode_jpeg(std::string_view bytes, const std::string& name, int64_t max_pixels);

}  // namespace freeact
