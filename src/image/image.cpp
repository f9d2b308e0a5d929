#include "image/image.h"

#include <array>
#include <utility>

#include "image/decoders.h"
#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

using namespace std::string_view_literals;

// Formats that people do have, so that the message can name them.
std::string_view other_format(std::string_view bytes) {
  constexpr std::array kSignatures = {std::pair{"GIF8"sv, "a GIF"sv}, std::pair{"BM"sv, "a BMP"sv},
                                      std::pair{"RIFF"sv, "a WebP"sv}, std::pair{"II*\0"sv, "a TIFF"sv},
                                      std::pair{"MM\0*"sv, "a TIFF"sv}};
  for (const auto& [signature, format] : kSignatures)
    if (bytes.starts_with(signature)) return format;
  return bytes.empty() ? "an empty file"sv : "no image known here"sv;
}

}  // namespace

void check_image_size(const std::string& name, int64_t width, int64_t height, int64_t max_pixels) {
  if (width <= 0 || height <= 0) throw UserError("'{}' has no pixels: it is {} x {}", name, width, height);
  if (width > max_pixels / height)
    throw UserError("'{}' is {} x {}, over the limit of {} pixels: scale it down first", name, width, height,
                    max_pixels);
}

at::Tensor decode_image(std::string_view bytes, const std::string& name, int64_t max_pixels) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) return decode_png(bytes, name, max_pixels);
  if (bytes.starts_with("\xff\xd8\xff"sv)) return decode_jpeg(bytes, name, max_pixels);
  throw UserError("'{}' is {}: give a PNG or JPEG file", name, other_format(bytes));
}

at::Tensor read_image(const std::filesystem::path& path, int64_t max_pixels) {
  return decode_image(read_file(path), path.string(), max_pixels);
}

}  // namespace freeact
