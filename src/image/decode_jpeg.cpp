#include <ATen/ATen.h>
// libjpeg's header needs size_t and FILE declared before it
#include <jerror.h>
#include <jpeglib.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "image/decoders.h"
#include "util/error.h"

namespace freeact {
namespace {

// libjpeg leaves a failed call by longjmp, so the functions that call setjmp hold no C++ objects: whatever must be
// destroyed lives in their callers.
struct JpegErrors {
  jpeg_error_mgr manager;  // first, so that libjpeg's pointer to it is one to the whole
  std::jmp_buf failed;
  char fault[JMSG_LENGTH_MAX];
};

void keep_fault(j_common_ptr info) {
  auto& errors = *reinterpret_cast<JpegErrors*>(info->err);
  if (info->err->msg_code == JWRN_JPEG_EOF)
    std::strcpy(errors.fault, "the file is truncated");
  else
    (*info->err->format_message)(info, errors.fault);
  std::longjmp(errors.failed, 1);
}

// Warnings (level -1) are not shown, but libjpeg would fill up a truncated image with grey.
void judge_message(j_common_ptr info, int level) {
  if (level < 0 && info->err->msg_code == JWRN_JPEG_EOF) keep_fault(info);
}

class JpegReader {
 public:
  explicit JpegReader(const std::string& name) : name_(name) {
    info_.err = jpeg_std_error(&errors_.manager);
    errors_.manager.error_exit = keep_fault;
    errors_.manager.emit_message = judge_message;
  }
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  const jpeg_decompress_struct& info() const { return info_; }
  // Not in the constructor: what a failed header leaves is freed by the destructor, which then would not run.
  void read_header(std::string_view bytes) {
    if (!try_header(bytes)) refuse();
  }
  // pixels: [height, width, channels()]
  void read_rows(uint8_t* pixels) {
    if (!try_rows(pixels)) refuse();
  }
  bool is_cmyk() const { return info_.num_components == 4; }
  int64_t channels() const { return is_cmyk() ? 4 : 3; }

 private:
  bool try_header(const std::string_view& bytes) {
    if (setjmp(errors_.failed)) return false;
    jpeg_create_decompress(&info_);
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_read_header(&info_, TRUE);
    return true;
  }
  bool try_rows(uint8_t* pixels) {
    if (setjmp(errors_.failed)) return false;
    info_.out_color_space = is_cmyk() ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&info_);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = pixels + static_cast<size_t>(channels()) * info_.output_width * info_.output_scanline;
      jpeg_read_scanlines(&info_, &row, 1);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }
  [[noreturn]] void refuse() const { throw UserError("'{}' cannot be decoded as JPEG: {}", name_, errors_.fault); }

  jpeg_decompress_struct info_{};
  JpegErrors errors_{};
  const std::string& name_;
};

// [H, W, 4] as stored, that is inverted, as Adobe's programs write it and Pillow takes every such file. A colour is
// what ink and black leave of white, their product rounded as Pillow's convert('RGB') rounds it.
at::Tensor rgb_of_cmyk(const at::Tensor& stored_HWC) {
  const at::Tensor levels = stored_HWC.to(at::kInt), white = levels.slice(2, 3);
  const at::Tensor product = (255 - levels.slice(2, 0, 3)) * white + 128;
  const at::Tensor shadow = (product + product.bitwise_right_shift(8)).bitwise_right_shift(8);
  return (white - shadow).clamp(0, 255).to(at::kByte);
}

}  // namespace

at::Tensor decode_jpeg(std::string_view bytes, const std::string& name, int64_t max_pixels) {
  JpegReader reader(name);
  reader.read_header(bytes);
  const jpeg_decompress_struct& info = reader.info();
  check_image_size(name, info.image_width, info.image_height, max_pixels);
  if (info.num_components != 1 && info.num_components != 3 && !reader.is_cmyk())
    throw UserError("'{}' is a JPEG of {} colour channels: convert it to RGB first", name, info.num_components);
  const at::Tensor image = at::empty({info.image_height, info.image_width, reader.channels()}, at::kByte);
  reader.read_rows(image.data_ptr<uint8_t>());
  return reader.is_cmyk() ? rgb_of_cmyk(image) : image;
}

}  // namespace freeact
