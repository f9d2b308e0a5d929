// Writing pictures: the PNG bytes of what a report shows.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace freeact {

// rgb: uint8 [H, W, 3]; the bytes of a PNG file with these pixels, always the same ones.
std::string encode_png(const at::Tensor& rgb);

// The same picture where no side is longer than `side`; else shrunk in its proportions (resize_bicubic).
at::Tensor shrink_to_side(const at::Tensor& rgb, int64_t side);

}  // namespace freeact
