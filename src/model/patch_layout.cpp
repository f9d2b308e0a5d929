#include "model/patch_layout.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "util/error.h"

namespace freeact {
namespace {

constexpr double kTheta = 10000.0;  // fixed in the published code; not in config.json

// A picture's size in groups.
struct Groups {
  int64_t rows, columns;
};

Groups groups_of(const at::TensorAccessor<int64_t, 1>& thw, int64_t merge) {
  if (thw[0] != 1) throw UserError("a picture of {} time steps: the vision tower reads still pictures only", thw[0]);
  if (thw[1] < 1 || thw[2] < 1 || thw[1] % merge != 0 || thw[2] % merge != 0)
    throw UserError("a picture of {} x {} patches does not divide into tokens of {} x {} patches", thw[1], thw[2],
                    merge, merge);
  return {thw[1] / merge, thw[2] / merge};
}

void append_positions(std::vector<int64_t>& positions, const Groups& groups, int64_t merge) {
  for (int64_t row = 0; row < groups.rows; ++row)
    for (int64_t column = 0; column < groups.columns; ++column)
      for (int64_t patch = 0; patch < merge * merge; ++patch)
        positions.insert(positions.end(), {row * merge + patch / merge, column * merge + patch % merge});
}

void append_window(std::vector<int64_t>& index, const Groups& groups, int64_t first, int64_t top, int64_t left,
                   int64_t side) {
  for (int64_t row = top; row < std::min(top + side, groups.rows); ++row)
    for (int64_t column = left; column < std::min(left + side, groups.columns); ++column)
      index.push_back(first + row * groups.columns + column);
}

}  // namespace

PatchLayout lay_out_patches(const at::Tensor& grid_thw, int64_t merge, int64_t window_side) {
  const auto grids = grid_thw.accessor<int64_t, 2>();
  PatchLayout layout{.positions = {}, .window_index = {}, .windows = {0}, .pictures = {0}};
  std::vector<int64_t> positions, index;
  for (int64_t image = 0; image < grids.size(0); ++image) {
    const Groups groups = groups_of(grids[image], merge);
    append_positions(positions, groups, merge);
    const auto first = static_cast<int64_t>(index.size());
    for (int64_t top = 0; top < groups.rows; top += window_side)
      for (int64_t left = 0; left < groups.columns; left += window_side) {
        append_window(index, groups, first, top, left, window_side);
        layout.windows.push_back(static_cast<int64_t>(index.size()) * merge * merge);
      }
    layout.pictures.push_back(layout.windows.back());
  }
  layout.positions = at::tensor(positions, at::kLong).view({-1, 2});
  layout.window_index = at::tensor(index, at::kLong);
  return layout;
}

at::Tensor rotary_angles(const at::Tensor& positions, int64_t head_width) {
  const int64_t axis_width = head_width / 2;  // half of a head turns with the row, half with the column
  const at::Tensor exponents = at::arange(0, axis_width, 2, positions.options().dtype(at::kFloat)) / axis_width;
  const at::Tensor frequencies = 1.0 / at::pow(kTheta, exponents);
  return (positions.to(at::kFloat).unsqueeze(-1) * frequencies).flatten(1);
}

}  // namespace freeact
