// A PNG or JPEG: decode it within a small pixel limit.
#include <ATen/ATen.h>

#include "fuzz/run.h"
#include "image/image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace freeact;
  return run_input(data, size, [](std::string_view bytes) {
    constexpr int64_t kMaxPixels = 1 << 16;
    const at::Tensor image = decode_image(bytes, "image", kMaxPixels);
    FREEACT_CHECK(image.dim() == 3 && image.size(2) == 3, "{} axes", image.dim());
    FREEACT_CHECK(image.numel() > 0 && image.numel() <= 3 * kMaxPixels, "{} values", image.numel());
  });
}
