// Where the patches of a prompt's pictures lie in Qwen2.5-VL's vision tower: a matter of their grids alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace freeact {

// Patches come as the processor leaves them: picture after picture, within one the groups of merge * merge patches that
// become one token row by row, within a group row by row.
struct PatchLayout {
  at::Tensor positions;                    // int64 [P, 2], row and column of each patch in its picture
  at::Tensor window_index;                 // int64 [P / merge^2]: group j in window order is group window_index[j]
  std::vector<int64_t> windows, pictures;  // ends of the segments of patches, after a 0; windows in window order
};

// grid_thw: int64 [images, 3] in patches, on the CPU. window_side: groups along a side of a window; windows are cut
// from the top left, incomplete at the right and the bottom. Throws UserError for a grid of no whole groups or of
// several time steps.
PatchLayout lay_out_patches(const at::Tensor& grid_thw, int64_t merge, int64_t window_side);

// Angles [P, K/2] in float32 for heads of width K: the row times each frequency, then the column times each.
at::Tensor rotary_angles(const at::Tensor& positions, int64_t head_width);

}  // namespace freeact
