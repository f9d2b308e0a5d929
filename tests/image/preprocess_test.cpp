#include <gmock/gmock.h>

#include "image/images.h"
#include "image/internvl_preprocess.h"
#include "image/qwen_preprocess.h"
#include "image/resize.h"

namespace freeact {
namespace {

using test::gradient;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;

ImageSize qwen_size(int64_t height, int64_t width, int64_t least = 3136, int64_t most = 12845056) {
  return smart_resize({height, width}, 28, least, most);
}

// Rows computed by the reference implementation.
TEST(SmartResize, ReferenceRows) {
  EXPECT_EQ(qwen_size(42, 70), (ImageSize{56, 56}));  // both halves go to the even multiple
  EXPECT_EQ(qwen_size(98, 154), (ImageSize{112, 168}));
  EXPECT_EQ(qwen_size(28, 28, 200704, 1003520), (ImageSize{448, 448}));
  EXPECT_EQ(qwen_size(1080, 1920, 200704, 1003520), (ImageSize{728, 1316}));
  EXPECT_EQ(qwen_size(5000, 7000), (ImageSize{3024, 4228}));
  EXPECT_EQ(qwen_size(1000, 33, 3136, 23520), (ImageSize{840, 0}));
}

TEST(SmartResize, RefusesWhatTheReferenceRefuses) {
  EXPECT_THAT(message_of<UserError>([] { qwen_size(27, 400); }),
              AllOf(HasSubstr("400 x 27"), HasSubstr("at least 28")));
  EXPECT_THAT(message_of<UserError>([] { qwen_size(28, 28 * 200 + 1); }), HasSubstr("200 times"));
  EXPECT_EQ(qwen_size(28, 28 * 200).height, 28);
}

TEST(QwenPreprocess, FourPatchesOfATokenAreAdjacent) {
  QwenImageConfig config;
  config.mean = {0, 0, 0};
  config.std = {1, 1, 1};
  // each patch has its own level: row * 4 + column
  at::Tensor image = at::arange(16, at::kByte).view({4, 4}).repeat_interleave(14, 0).repeat_interleave(14, 1);
  image = image.unsqueeze(2).expand({56, 56, 3}).contiguous();
  const QwenImage prepared = qwen_preprocess(image, config);
  EXPECT_TRUE(at::equal(prepared.grid_thw, at::tensor({1, 4, 4}, at::kLong).view({1, 3})));
  EXPECT_EQ(prepared.num_tokens, 4);
  EXPECT_EQ(prepared.pixel_values.sizes(), at::IntArrayRef({16, 3 * 2 * 14 * 14}));
  const at::Tensor first = (prepared.pixel_values.select(1, 0) * 255).round().to(at::kLong);
  EXPECT_TRUE(at::equal(first, at::tensor({0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15}, at::kLong)));
}

TEST(QwenPreprocess, ChannelThenFrameThenRow) {
  const at::Tensor image = gradient(56, 56);
  const QwenImageConfig config;
  const at::Tensor patch = qwen_preprocess(image, config).pixel_values[3].view({3, 2, 14, 14});  // at (1, 1)
  for (int channel = 0; channel < 3; ++channel) {
    const at::Tensor wanted =
        (image.slice(0, 14, 28).slice(1, 14, 28).select(2, channel).to(at::kDouble) / 255 - config.mean[channel]) /
        config.std[channel];
    for (int frame = 0; frame < 2; ++frame)
      EXPECT_TRUE(at::allclose(patch[channel][frame].to(at::kDouble), wanted, 0, 1e-6)) << channel;
  }
}

TEST(QwenPreprocess, LimitsOfTheCaller) {
  QwenImageConfig config;
  config.max_pixels = 23520;
  EXPECT_THAT(message_of<UserError>([&] { qwen_preprocess(gradient(1000, 33), config, "tall.png"); }),
              AllOf(HasSubstr("tall.png"), HasSubstr("max_pixels 23520")));
  EXPECT_LE(qwen_preprocess(gradient(300, 300), config).num_tokens, 30);
  config.min_pixels = 30000;
  EXPECT_THAT(message_of<UserError>([&] { qwen_preprocess(gradient(300, 300), config); }),
              HasSubstr("min_pixels 30000"));
  config.min_pixels = config.max_pixels = 1'000'000'000;
  EXPECT_THAT(message_of<UserError>([&] { qwen_preprocess(gradient(300, 300), config); }),
              HasSubstr("lower min_pixels"));
}

TEST(QwenImageConfig, WrongValuesNameFileAndKey) {
  const auto refused = [](const Json& json) {
    return message_of<UserError>([&] { parse_qwen_image_config(json, "p.json"); });
  };
  for (const auto& [key, value] :
       {std::pair{"min_pixels", Json("many")}, std::pair{"max_pixels", Json(0)}, std::pair{"patch_size", Json(14.5)},
        std::pair{"image_mean", Json{0.5, 0.5}}, std::pair{"image_std", Json{1, 0, 1}},
        std::pair{"do_resize", Json(false)}, std::pair{"resample", Json(2)}, std::pair{"merge_size", Json(-2)}})
    EXPECT_THAT(refused({{key, value}}), AllOf(HasSubstr("p.json"), HasSubstr(key)));
  EXPECT_THAT(refused({{"min_pixels", 10}, {"max_pixels", 9}}), HasSubstr("max_pixels"));
  EXPECT_THAT(refused(Json::array()), HasSubstr("p.json"));
  const QwenImageConfig config = parse_qwen_image_config({{"size", {{"any", 1}}}, {"patch_size", nullptr}}, "p.json");
  EXPECT_EQ(config.patch_size, 14);
}

TEST(ChooseTiles, ReferenceRows) {
  EXPECT_EQ(choose_tiles(640, 480, 1, 12, 448), (TileGrid{4, 3}));
  EXPECT_EQ(choose_tiles(1920, 1080, 1, 24, 448), (TileGrid{5, 3}));
  EXPECT_EQ(choose_tiles(5000, 400, 1, 24, 448), (TileGrid{13, 1}));
  EXPECT_EQ(choose_tiles(1000, 3000, 1, 12, 448), (TileGrid{2, 6}));
  EXPECT_EQ(choose_tiles(1000, 3000, 1, 6, 448), (TileGrid{1, 3}));
}

TEST(ChooseTiles, OfEquallyNearGridsTheLargerNeedsHalfItsPixels) {
  EXPECT_EQ(choose_tiles(633, 633, 1, 12, 448), (TileGrid{1, 1}));
  EXPECT_EQ(choose_tiles(634, 634, 1, 12, 448), (TileGrid{2, 2}));
  EXPECT_EQ(choose_tiles(2000, 2000, 1, 24, 448), (TileGrid{4, 4}));
}

// Images whose aspect is as near to one grid as to another, computed by the published Python code, where grids of one
// area come in the order of a set.
TEST(ChooseTiles, OfEquallyNearGridsTheReferencesIsTaken) {
  const struct {
    int64_t width, height, least, most;
    TileGrid grid;
  } rows[] = {{5, 2, 1, 4, {2, 1}},        {2000, 800, 1, 4, {3, 1}},   {2000, 800, 1, 12, {5, 2}},
              {1000, 1600, 1, 4, {1, 2}},  {1000, 1600, 1, 12, {2, 3}}, {1000, 1600, 1, 24, {3, 5}},
              {1300, 1200, 1, 4, {2, 2}},  {1300, 1200, 1, 12, {3, 3}}, {2600, 2400, 1, 24, {4, 4}},
              {4500, 1200, 1, 12, {4, 1}}, {4500, 1200, 1, 24, {8, 2}}, {1500, 200, 1, 12, {7, 1}},
              {3000, 400, 1, 12, {8, 1}},  {640, 640, 2, 6, {2, 2}},    {900, 900, 3, 12, {2, 2}},
              {3000, 1000, 4, 8, {4, 2}},  {400, 500, 6, 6, {2, 3}},    {900, 300, 4, 4, {4, 1}}};
  for (const auto& [width, height, least, most, grid] : rows)
    EXPECT_EQ(choose_tiles(width, height, least, most, 448), grid) << width << " x " << height << ", " << most;
}

TEST(InternvlPreprocess, TilesRowByRowThenTheThumbnail) {
  InternvlImageConfig config;
  config.tile_size = 4;
  config.max_tiles = 6;
  config.tokens_per_tile = 7;
  config.mean = {0, 0, 0};
  config.std = {1, 1, 1};
  const at::Tensor image = gradient(8, 12);
  const InternvlImage prepared = internvl_preprocess(image, config);
  EXPECT_EQ(prepared.grid, (TileGrid{3, 2}));
  EXPECT_EQ(prepared.num_tokens, 7 * 7);
  ASSERT_EQ(prepared.pixel_values.sizes(), at::IntArrayRef({7, 3, 4, 4}));
  const auto tile = [&](int64_t i) {
    return (prepared.pixel_values[i].permute({1, 2, 0}) * 255).round().to(at::kByte);
  };
  EXPECT_TRUE(at::equal(tile(4), image.slice(0, 4, 8).slice(1, 4, 8)));
  EXPECT_TRUE(at::equal(tile(6), resize_bicubic(image, 4, 4)));
}

TEST(InternvlPreprocess, OneTileHasNoThumbnail) {
  InternvlImageConfig config;
  config.tile_size = 28;
  config.max_tiles = 1;
  EXPECT_EQ(internvl_preprocess(gradient(100, 400), config).pixel_values.size(0), 1);
  config.max_tiles = 4;
  EXPECT_EQ(internvl_preprocess(gradient(100, 400), config).pixel_values.size(0), 5);
  config.dynamic = false;
  EXPECT_EQ(internvl_preprocess(gradient(100, 400), config).pixel_values.size(0), 1);
}

TEST(InternvlPreprocess, ImpossibleLimitsAreRefused) {
  InternvlImageConfig config;
  config.max_tiles = 0;
  EXPECT_THAT(message_of<UserError>([&] { internvl_preprocess(gradient(9, 9), config); }),
              HasSubstr("between 1 and 0 tiles"));
  config.max_tiles = 1024;
  EXPECT_THAT(message_of<UserError>([&] { internvl_preprocess(gradient(9, 9), config); }),
              HasSubstr("lower the number of tiles"));
}

TEST(InternvlImageConfig, WrongValuesNameFileAndKey) {
  const auto refused = [](const Json& config, const Json& norms) {
    return message_of<UserError>([&] { parse_internvl_image_config(config, "c.json", norms, "p.json"); });
  };
  const Json none = Json::object();
  EXPECT_THAT(refused({{"force_image_size", "big"}}, none), AllOf(HasSubstr("c.json"), HasSubstr("force_image_size")));
  EXPECT_THAT(refused({{"vision_config", {{"patch_size", 0}}}}, none), HasSubstr("vision_config.patch_size"));
  EXPECT_THAT(refused({{"vision_config", 3}}, none), HasSubstr("vision_config"));
  EXPECT_THAT(refused({{"min_dynamic_patch", 5}, {"max_dynamic_patch", 4}}, none), HasSubstr("max_dynamic_patch"));
  EXPECT_THAT(refused({{"use_thumbnail", 1}}, none), HasSubstr("use_thumbnail"));
  EXPECT_THAT(refused(none, {{"image_std", {1, 1, "1"}}}), AllOf(HasSubstr("p.json"), HasSubstr("image_std[2]")));
  EXPECT_EQ(parse_internvl_image_config(none, "c", none, "p").tokens_per_tile, 256);
}

}  // namespace
}  // namespace freeact
