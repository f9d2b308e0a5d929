// Images made in the test, and the optional reference folders beside the source tree.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <jpeglib.h>
#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "message_of.h"
#include "util/error.h"

namespace freeact::test {

inline std::filesystem::path golden_folder(const std::string& name) {
  return std::filesystem::path(FREEACT_SOURCE_DIR).parent_path() / "shared" / "golden" / name;
}

struct PngForm {
  int colour = PNG_COLOR_TYPE_RGB;
  int depth = 8;
  bool interlaced = false;
  std::string palette = "";  // red, green, blue of each entry
  std::string alphas = "";   // tRNS of a palette
};

// rows: the packed bytes of all rows, as PNG stores them.
inline std::string encode_png(int width, int height, const std::string& rows, const PngForm& form = {}) {
  std::string encoded;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &encoded,
      [](png_structp writer, png_bytep data, size_t size) {
        static_cast<std::string*>(png_get_io_ptr(writer))->append(reinterpret_cast<char*>(data), size);
      },
      nullptr);
  png_set_IHDR(png, info, width, height, form.depth, form.colour, form.interlaced ? PNG_INTERLACE_ADAM7 : 0, 0, 0);
  if (!form.palette.empty())
    png_set_PLTE(png, info, reinterpret_cast<png_const_colorp>(form.palette.data()),
                 static_cast<int>(form.palette.size() / 3));
  if (!form.alphas.empty())
    png_set_tRNS(png, info, reinterpret_cast<png_const_bytep>(form.alphas.data()), static_cast<int>(form.alphas.size()),
                 nullptr);
  png_write_info(png, info);
  for (int pass = png_set_interlace_handling(png); pass > 0; --pass)
    for (int y = 0; y < height; ++y)
      png_write_row(png, reinterpret_cast<png_const_bytep>(rows.data()) + y * (rows.size() / height));
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return encoded;
}

inline std::string encode_png(const at::Tensor& rgb, bool interlaced = false) {
  const at::Tensor whole = rgb.contiguous();
  PngForm form;
  form.interlaced = interlaced;
  return encode_png(static_cast<int>(rgb.size(1)), static_cast<int>(rgb.size(0)),
                    std::string(reinterpret_cast<const char*>(whole.data_ptr<uint8_t>()), whole.numel()), form);
}

// pixels: uint8 [H, W, channels]; 1, 3 or 4 channels are grey, RGB, CMYK.
inline std::string encode_jpeg(const at::Tensor& pixels, bool progressive = false) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* data = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &data, &size);
  info.image_height = static_cast<JDIMENSION>(pixels.size(0));
  info.image_width = static_cast<JDIMENSION>(pixels.size(1));
  info.input_components = static_cast<int>(pixels.size(2));
  info.in_color_space = pixels.size(2) == 1 ? JCS_GRAYSCALE : pixels.size(2) == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 95, TRUE);
  if (progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  const at::Tensor whole = pixels.contiguous();
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = whole.data_ptr<uint8_t>() + info.next_scanline * whole.stride(0);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string encoded(reinterpret_cast<char*>(data), size);
  std::free(data);
  return encoded;
}

// A smooth image with different channels, uint8 [height, width, 3].
inline at::Tensor gradient(int64_t height, int64_t width) {
  const at::Tensor y = at::arange(height, at::kFloat).view({-1, 1}) / height, x = at::arange(width, at::kFloat) / width;
  return (at::stack({x + y * 0, y + x * 0, (x + y) / 2}, 2) * 255).to(at::kByte);
}

}  // namespace freeact::test
