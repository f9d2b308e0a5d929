// The reference implementations' own outputs, where the reference folders are at hand.
#include "checkpoint/safetensors.h"
#include "image/image.h"
#include "image/images.h"
#include "image/internvl_preprocess.h"
#include "image/qwen_preprocess.h"
#include "image/resize.h"
#include "util/files.h"

namespace freeact {
namespace {

// One folder of reference outputs.
struct Golden {
  explicit Golden(const std::string& name)
      : folder(test::golden_folder(name)), io(read_json(folder / "io.json")), tensors(folder / "io.safetensors") {}
  at::Tensor tensor(const std::string& image, const std::string& what) const {
    return tensors.tensor("image." + image + "." + what);
  }
  bool has(const std::string& image, const std::string& what) const {
    return tensors.tensors().contains("image." + image + "." + what);
  }
  at::Tensor decode(const std::string& image) const {
    return read_image(folder / io["images"][image]["file"].get<std::string>());
  }

  std::filesystem::path folder;
  nlohmann::json io;
  SafetensorsFile tensors;
};

double max_difference(const at::Tensor& got, const at::Tensor& wanted) {
  return (got - wanted).abs().max().item<double>();
}

class GoldenImages : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(test::golden_folder("qwen2_5_vl_tiny"))) GTEST_SKIP() << "no reference folders here";
  }
};

TEST_F(GoldenImages, Qwen) {
  const Golden golden("qwen2_5_vl_tiny");
  const QwenImageConfig config = read_qwen_image_config(golden.folder);
  for (const auto& [name, image] : golden.io["images"].items()) {
    SCOPED_TRACE(name);
    const at::Tensor rgb = golden.decode(name);
    EXPECT_TRUE(at::equal(rgb, golden.tensor(name, "rgb")));
    EXPECT_TRUE(at::equal(qwen_resize(rgb, config), golden.tensor(name, "resized")));
    const QwenImage prepared = qwen_preprocess(rgb, config);
    EXPECT_TRUE(at::equal(prepared.grid_thw, golden.tensor(name, "grid_thw")));
    EXPECT_EQ(prepared.num_tokens, image["image_tokens"].get<int64_t>());
    EXPECT_LE(max_difference(prepared.pixel_values, golden.tensor(name, "pixel_values")), 1e-6);  // measured: 0
  }
}

TEST_F(GoldenImages, SmartResizeTable) {
  const Golden golden("qwen2_5_vl_tiny");
  const auto& table = golden.io["smart_resize_table"];
  for (const auto& cells : table["rows"]) {
    const auto row = cells.get<std::vector<int64_t>>();
    EXPECT_EQ(smart_resize({row[0], row[1]}, table["factor"], row[2], row[3]), (ImageSize{row[4], row[5]})) << cells;
  }
}

TEST_F(GoldenImages, Internvl) {
  const Golden golden("internvl2_5_tiny");
  const InternvlImageConfig config = read_internvl_image_config(golden.folder);
  EXPECT_EQ(config.tokens_per_tile, golden.io["num_image_token"].get<int64_t>());
  for (const auto& [name, image] : golden.io["images"].items()) {
    SCOPED_TRACE(name);
    const int64_t size = config.tile_size;
    const at::Tensor rgb = golden.decode(name);
    EXPECT_TRUE(at::equal(rgb, golden.tensor(name, "rgb")));
    const InternvlImage prepared = internvl_preprocess(rgb, config);
    EXPECT_EQ(prepared.grid, (TileGrid{image["cols"], image["rows"]}));
    EXPECT_EQ(prepared.num_tokens, image["image_tokens"].get<int64_t>());
    const at::Tensor resized = resize_bicubic(rgb, prepared.grid.rows * size, prepared.grid.columns * size);
    EXPECT_TRUE(at::equal(resized, golden.tensor(name, "resized")));
    if (golden.has(name, "thumbnail")) {
      EXPECT_TRUE(at::equal(resize_bicubic(rgb, size, size), golden.tensor(name, "thumbnail")));
    }
    if (golden.has(name, "pixel_values")) {
      EXPECT_LE(max_difference(prepared.pixel_values, golden.tensor(name, "pixel_values")), 1e-6);  // measured: 0
    }
  }
}

TEST_F(GoldenImages, TilingTable) {
  const Golden golden("internvl2_5_tiny");
  for (const auto& cells : golden.io.at("tiling_table").at("rows")) {
    const auto row = cells.get<std::vector<int64_t>>();
    EXPECT_EQ(choose_tiles(row[0], row[1], row[2], row[3], row[4]), (TileGrid{row[5], row[6]})) << cells;
  }
}

}  // namespace
}  // namespace freeact
