// What people look at of a task: its first items, whatever comes of them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <string>

namespace freeact {

inline constexpr size_t kShownItems = 12;

// The bytes of a PNG file of an image [H, W, 3], at most 256 pixels a side.
std::string shown_picture(const at::Tensor& image_HWC);

}  // namespace freeact
