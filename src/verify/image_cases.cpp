// Pictures on their way to the vision tower: decoding, resizing, preprocessing, and the tables of sizes.
#include "verify/image_cases.h"

#include <ATen/ATen.h>

#include "image/image.h"
#include "image/internvl_preprocess.h"
#include "image/qwen_preprocess.h"
#include "image/resize.h"
#include "util/error.h"
#include "verify/family_cases.h"

namespace freeact {
namespace {

const Tolerance kPixels = Tolerance::all_close(0, 1e-6);

// "chart" of "image.chart"
std::string image_name(const ReferenceCase& reference) {
  return reference.name().substr(reference.name().find('.') + 1);
}

// The stored pixels, against which a file that is at hand is decoded. Later steps start from the stored ones, since
// another JPEG decoder than the reference's may differ.
at::Tensor checked_rgb(ReferenceCase& reference) {
  const at::Tensor stored = reference.input("rgb");
  const auto file = reference.set().folder() / reference.set().image(image_name(reference)).at("file");
  if (std::filesystem::exists(file)) reference.compare("rgb", read_image(file), Tolerance::exact());
  return stored;
}

// Whole numbers that io.json states, as one exact line.
void compare_numbers(ReferenceCase& reference, const std::string& output, const std::vector<int64_t>& ours,
                     const std::vector<int64_t>& stored) {
  reference.add(compare(reference.title(), output, at::tensor(ours, at::kLong), at::tensor(stored, at::kLong),
                        Tolerance::exact()));
}

// A table of io.json: `inputs` columns, then what our function makes of them.
using Row = std::vector<int64_t>;
void compare_table(ReferenceCase& reference, size_t inputs, const std::function<Row(const Row&)>& compute) {
  std::vector<int64_t> ours, stored;
  for (const auto& cells : reference.set().description().at(reference.name()).at("rows")) {
    const auto row = cells.get<Row>();
    if (row.size() <= inputs) throw UserError("a row of '{}' has {} cells", reference.name(), row.size());
    const Row result = compute({row.begin(), row.begin() + static_cast<std::ptrdiff_t>(inputs)});
    ours.insert(ours.end(), result.begin(), result.end());
    stored.insert(stored.end(), row.begin() + static_cast<std::ptrdiff_t>(inputs), row.end());
  }
  compare_numbers(reference, "rows", ours, stored);
}

}  // namespace

void check_qwen_image(ReferenceCase& reference) {
  const QwenImageConfig config = read_qwen_image_config(reference.set().folder());
  const at::Tensor rgb = checked_rgb(reference);
  const QwenImage image = qwen_preprocess(rgb, config, image_name(reference));
  reference.compare("resized", qwen_resize(rgb, config, image_name(reference)), Tolerance::exact());
  reference.compare("pixel_values", image.pixel_values, kPixels);
  reference.compare("grid_thw", image.grid_thw, Tolerance::exact());
  compare_numbers(reference, "image_tokens", {image.num_tokens},
                  {reference.set().image(image_name(reference)).at("image_tokens")});
}

void check_internvl_image(ReferenceCase& reference) {
  const InternvlImageConfig config = read_internvl_image_config(reference.set().folder());
  const at::Tensor rgb = checked_rgb(reference);
  const InternvlImage image = internvl_preprocess(rgb, config);
  const int64_t size = config.tile_size;
  reference.compare("resized", resize_bicubic(rgb, image.grid.rows * size, image.grid.columns * size),
                    Tolerance::exact());
  reference.compare("thumbnail", resize_bicubic(rgb, size, size), Tolerance::exact());
  reference.compare("pixel_values", image.pixel_values, kPixels);
  const auto& stored = reference.set().image(image_name(reference));
  compare_numbers(reference, "cols_rows_tiles_tokens",
                  {image.grid.columns, image.grid.rows, image.pixel_values.size(0), image.num_tokens},
                  {stored.at("cols"), stored.at("rows"), stored.at("tiles"), stored.at("image_tokens")});
}

void check_smart_resize_table(ReferenceCase& reference) {
  const int64_t factor = reference.set().description().at(reference.name()).at("factor");
  compare_table(reference, 4, [&](const Row& row) {
    const ImageSize size = smart_resize({row[0], row[1]}, factor, row[2], row[3]);
    return Row{size.height, size.width};
  });
}

void check_tiling_table(ReferenceCase& reference) {
  compare_table(reference, 5, [](const Row& row) {
    const TileGrid grid = choose_tiles(row[0], row[1], row[2], row[3], row[4]);
    const int64_t tiles = grid.columns * grid.rows;
    return Row{grid.columns, grid.rows, tiles > 1 ? tiles + 1 : tiles};
  });
}

}  // namespace freeact
