#include "eval/shown.h"

#include "image/encode_png.h"

namespace freeact {

std::string shown_picture(const at::Tensor& image_HWC) {
  constexpr int64_t kSide = 256;
  return encode_png(shrink_to_side(image_HWC, kSide));
}

}  // namespace freeact
