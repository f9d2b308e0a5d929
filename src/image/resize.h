// Bicubic resizing to the last bit of Pillow's.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace freeact {

// image_HWC: uint8 [H, W, C]; returns uint8 [height, width, C]. Antialiased when shrinking, horizontal pass first, 8
// bits between the passes, as Image.resize(size, BICUBIC) of Pillow 12 and before; Pillow 13 may take the passes in the
// other order.
at::Tensor resize_bicubic(const at::Tensor& image_HWC, int64_t height, int64_t width);

}  // namespace freeact
