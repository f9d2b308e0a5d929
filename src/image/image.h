// Reading images: PNG and JPEG into the 8-bit RGB that preprocessing starts from.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace freeact {

// The most pixels an image may claim to have, so that a small file cannot ask for all memory. Pillow refuses beyond
// the same number.
inline constexpr int64_t kMaxImagePixels = 178'956'970;

// Decodes PNG or JPEG, told apart by their content, to uint8 [height, width, 3] as Pillow's convert('RGB') does: grey
// and palettes become RGB, alpha is dropped and not blended, colour profiles and orientation are ignored, 16-bit
// channels keep their high byte, except that plain 16-bit grey is cut off at 255, and CMYK is taken for inverted, as
// Adobe writes it. A JPEG with damaged data but a
// proper end is decoded with its faults, as libjpeg does. name stands for the image in messages.
// UserError: neither PNG nor JPEG, truncated, broken, without pixels, more than max_pixels.
at::Tensor decode_image(std::string_view bytes, const std::string& name, int64_t max_pixels = kMaxImagePixels);

// The same from a file.
at::Tensor read_image(const std::filesystem::path& path, int64_t max_pixels = kMaxImagePixels);

}  // namespace freeact
