// Pictures as data sets name them.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

namespace freeact {

// uint8 [H, W, 3]. reference: a PNG or JPEG file, a relative path below dataset_folder, or "draw:" with what
// draw_image() takes. UserError: as read_image() and draw_image().
at::Tensor load_picture(const std::filesystem::path& dataset_folder, const std::string& reference);

}  // namespace freeact
