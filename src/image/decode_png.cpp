#include <ATen/ATen.h>
#include <png.h>

#include <cstring>
#include <vector>

#include "image/decoders.h"
#include "util/error.h"

namespace freeact {
namespace {

// What libpng's callbacks see. libpng leaves a failed call by longjmp, so the functions that call setjmp hold no C++
// objects: whatever must be destroyed lives in their callers.
struct PngInput {
  std::string_view rest;
  char fault[120] = "";
};

void keep_fault(png_structp png, png_const_charp message) {
  auto& input = *static_cast<PngInput*>(png_get_error_ptr(png));
  std::strncpy(input.fault, message, sizeof input.fault - 1);
  png_longjmp(png, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep target, size_t count) {
  auto& input = *static_cast<PngInput*>(png_get_io_ptr(png));
  if (count > input.rest.size()) png_error(png, "the file is truncated");
  std::memcpy(target, input.rest.data(), count);
  input.rest.remove_prefix(count);
}

class PngReader {
 public:
  PngReader(std::string_view bytes, const std::string& name) : input_{bytes}, name_(name) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &input_, keep_fault, ignore_warning);
    if (png_) info_ = png_create_info_struct(png_);
    if (!info_) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw EnvironmentError("no memory to decode '{}'", name);
    }
    png_set_read_fn(png_, &input_, read_bytes);
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // check_image_size() knows better
    // Colour profiles, texts and the like change nothing here and need not be sound.
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  void read_header() {
    if (!try_header()) refuse();
  }
  void read_rows(png_bytepp rows) {
    if (!try_rows(rows)) refuse();
  }
  int64_t width() const { return png_get_image_width(png_, info_); }
  int64_t height() const { return png_get_image_height(png_, info_); }
  bool is_grey16() const {
    return png_get_color_type(png_, info_) == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(png_, info_) == 16;
  }

  // Asks for 8-bit RGB, or 16-bit RGB where the image is 16-bit grey. Call once, after read_header().
  void ask_for_rgb() {
    if (!is_grey16()) png_set_strip_16(png_);
    png_set_expand(png_);  // palettes, and grey of 1, 2 and 4 bits
    png_set_strip_alpha(png_);
    png_set_gray_to_rgb(png_);
  }

 private:
  bool try_header() {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_read_info(png_, info_);
    return true;
  }
  bool try_rows(png_bytepp rows) {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    png_read_image(png_, rows);
    png_read_end(png_, nullptr);
    return true;
  }
  [[noreturn]] void refuse() const { throw UserError("'{}' cannot be decoded as PNG: {}", name_, input_.fault); }

  PngInput input_;
  const std::string& name_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

// The header chunk is first and of fixed form, so its size can be judged before libpng acts on it.
int64_t big_endian_32(std::string_view bytes, size_t offset) {
  int64_t value = 0;
  for (const char byte : bytes.substr(offset, 4)) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

}  // namespace

at::Tensor decode_png(std::string_view bytes, const std::string& name, int64_t max_pixels) {
  if (bytes.size() >= 24 && bytes.substr(12, 4) == "IHDR")
    check_image_size(name, big_endian_32(bytes, 16), big_endian_32(bytes, 20), max_pixels);
  PngReader reader(bytes, name);
  reader.read_header();
  check_image_size(name, reader.width(), reader.height(), max_pixels);
  const bool grey16 = reader.is_grey16();
  reader.ask_for_rgb();
  // [height, width, 3, bytes of a channel]
  const at::Tensor image = at::empty({reader.height(), reader.width(), 3, grey16 ? 2 : 1}, at::kByte);
  std::vector<png_bytep> rows(image.size(0));
  for (size_t y = 0; y < rows.size(); ++y)
    rows[y] = image.data_ptr<uint8_t>() + static_cast<int64_t>(y) * image.stride(0);
  reader.read_rows(rows.data());
  if (!grey16) return image.squeeze(3);
  const at::Tensor high = image.select(3, 0), low = image.select(3, 1);
  return at::where(high == 0, low, at::full({}, 255, at::kByte));
}

}  // namespace freeact
