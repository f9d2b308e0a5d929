#include "model/multi_axis_positions.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "util/error.h"

namespace freeact {
namespace {

using Ids = at::TensorAccessor<int64_t, 1>;

// The whole picture must stand at `begin`.
void check_picture(const Ids& ids, int64_t begin, int64_t image_id, int64_t rows, int64_t columns) {
  const int64_t left = ids.size(0) - begin;
  const int64_t wanted = rows > 0 && columns > 0 && rows <= left && columns <= left ? rows * columns : -1;
  int64_t found = 0;
  while (found < left && found != wanted && ids[begin + found] == image_id) ++found;
  if (found != wanted)
    throw UserError("the prompt has {} image tokens from position {} on, but the picture there has {} x {} tokens",
                    found, begin, rows, columns);
}

}  // namespace

at::Tensor multi_axis_positions(const at::Tensor& ids_T, int64_t image_id, const at::Tensor& merged_grids) {
  const at::Tensor ids_on_cpu = ids_T.to(at::kCPU, at::kLong), grids_on_cpu = merged_grids.to(at::kCPU, at::kLong);
  FREEACT_CHECK(ids_T.dim() == 1 && merged_grids.dim() == 2 && merged_grids.size(1) == 2, "ids [T], grids [images, 2]");
  const auto ids = ids_on_cpu.accessor<int64_t, 1>();
  const auto grids = grids_on_cpu.accessor<int64_t, 2>();
  at::Tensor result = at::empty({3, 1, ids.size(0)}, at::kLong);
  auto positions = result.accessor<int64_t, 3>();
  int64_t next = 0, picture = 0;
  for (int64_t i = 0; i < ids.size(0);) {
    const bool is_text = ids[i] != image_id;
    if (!is_text && picture == grids.size(0))
      throw UserError("the prompt has image tokens at position {}, but there are only {} pictures", i, picture);
    const int64_t rows = is_text ? 1 : grids[picture][0], columns = is_text ? 1 : grids[picture][1];
    if (!is_text) check_picture(ids, i, image_id, rows, columns);
    for (int64_t token = 0; token < rows * columns; ++token, ++i) {
      positions[0][0][i] = next;
      positions[1][0][i] = next + token / columns;
      positions[2][0][i] = next + token % columns;
    }
    next += std::max(rows, columns);
    picture += is_text ? 0 : 1;
  }
  if (picture != grids.size(0))
    throw UserError("there are {} pictures, but the prompt has image tokens for {} only", grids.size(0), picture);
  return result.to(ids_T.device());
}

at::Tensor prompt_positions(const DecoderConfig& config, const at::Tensor& ids_BT, const at::Tensor& merged_grids) {
  if (config.rope_sections.empty()) return {};
  FREEACT_CHECK(ids_BT.size(0) == 1, "{} prompts", ids_BT.size(0));
  return multi_axis_positions(ids_BT[0], config.feature_id, merged_grids);
}

}  // namespace freeact
