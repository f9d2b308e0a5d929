#include "model/vision_tower.h"

#include <gmock/gmock.h>

#include <map>

#include "message_of.h"
#include "model/tiny_tower.h"
#include "quant/quantised_site.h"
#include "util/error.h"

namespace freeact {
namespace {

using namespace test;
using testing::HasSubstr;

constexpr double kTolerance = 1e-5;  // measured: at most 1.2e-6

nlohmann::json with(nlohmann::json config, const std::string& pointer, const nlohmann::json& value) {
  config[nlohmann::json::json_pointer(pointer)] = value;
  return config;
}

std::shared_ptr<const Site> four_bit_site(const Linear& linear) {
  const Grid grid{.bits = 4, .symmetric = true};
  QuantisedSite::Parts parts;
  parts.activation_grid = grid;
  parts.linears.push_back(quantise_linear(linear.weight, linear.bias, grid));
  return std::make_shared<const QuantisedSite>(std::move(parts));
}

// Both towers, each with pictures that fit it.
struct TowerCase {
  const char* name;
  std::unique_ptr<VisionTower> (*make)();
  VisionInput (*pictures)();
  int64_t num_tokens;
};

class VisionTowers : public testing::TestWithParam<TowerCase> {
 protected:
  const std::unique_ptr<VisionTower> tower_ = fill(GetParam().make());
  const VisionInput pictures_ = GetParam().pictures();
};

TEST_P(VisionTowers, GiveARowPerToken) {
  EXPECT_EQ(tower_->width(), 20);
  EXPECT_EQ(tower_->features(pictures_).sizes(), (std::vector<int64_t>{GetParam().num_tokens, 20}));
}

TEST_P(VisionTowers, TellTheObserverTheFeatures) {
  at::Tensor told;
  const Observer observer = [&](const std::string& point, const at::Tensor& value) {
    if (point == "features") told = value;
  };
  const at::Tensor features = tower_->features(pictures_, &observer);
  ASSERT_TRUE(told.defined());
  EXPECT_TRUE(at::equal(told.view({-1, 20}), features));
}

TEST_P(VisionTowers, ComputeInTheTypeOfTheWeights) {
  const auto half = fill(GetParam().make(), at::kBFloat16);
  const at::Tensor features = half->features(pictures_), wanted = tower_->features(pictures_);
  EXPECT_EQ(features.scalar_type(), at::kBFloat16);
  EXPECT_LT(max_difference(features.to(at::kFloat), wanted), 0.1 * wanted.abs().max().item<double>());
}

TEST_P(VisionTowers, ListEveryLinearUnderItsTensorsName) {
  std::map<std::string, at::Tensor> weights;
  tower_->visit_tensors(
      [&](const std::string& name, const std::vector<int64_t>&, at::Tensor& tensor) { weights[name] = tensor; });
  size_t matrices = 0;
  for (const auto& [name, tensor] : weights) matrices += tensor.dim() == 2;
  EXPECT_EQ(tower_->linears().size(), matrices);
  for (const VisionLinear* layer : tower_->linears()) {
    ASSERT_TRUE(weights.contains(layer->name + ".weight")) << layer->name;
    EXPECT_TRUE(layer->linear.weight.is_same(weights[layer->name + ".weight"]));
  }
}

TEST_P(VisionTowers, EveryLinearCountsAndCanBeQuantised) {
  const at::Tensor plain = tower_->features(pictures_);
  for (VisionLinear* layer : tower_->linears()) {
    layer->site = four_bit_site(layer->linear);
    EXPECT_GT(max_difference(tower_->features(pictures_), plain), 1e-3) << layer->name;
    layer->site = nullptr;
  }
  EXPECT_TRUE(at::equal(tower_->features(pictures_), plain));
}

TEST_P(VisionTowers, ACloneIsIndependent) {
  const at::Tensor plain = tower_->features(pictures_);
  const auto clone = tower_->clone();
  EXPECT_TRUE(at::equal(clone->features(pictures_), plain));
  for (VisionLinear* layer : clone->linears()) layer->site = four_bit_site(layer->linear);
  const auto of_clone = clone->clone();
  EXPECT_TRUE(at::equal(tower_->features(pictures_), plain));
  EXPECT_GT(max_difference(clone->features(pictures_), plain), 1e-3);
  EXPECT_TRUE(at::equal(of_clone->features(pictures_), clone->features(pictures_)));
  clone->visit_tensors(
      [](const std::string&, const std::vector<int64_t>&, at::Tensor& tensor) { tensor = at::zeros_like(tensor); });
  EXPECT_TRUE(at::equal(tower_->features(pictures_), plain));
}

INSTANTIATE_TEST_SUITE_P(, VisionTowers,
                         testing::Values(TowerCase{"Qwen", [] { return qwen_vision_tower(qwen_vision_config()); },
                                                   [] {
                                                     return random_pictures({{6, 10}, {4, 4}});
                                                   },
                                                   19},
                                         TowerCase{"InternVit", [] { return intern_vit(intern_vit_config()); },
                                                   [] { return random_tiles(3); }, 12}),
                         [](const auto& tower) { return tower.param.name; });

TEST(QwenVisionTower, PicturesNeverInfluenceEachOther) {
  const auto tower = fill(qwen_vision_tower(qwen_vision_config()));
  const VisionInput both = random_pictures({{6, 10}, {4, 4}, {4, 4}});
  const at::Tensor together = tower->features(both);
  std::vector<at::Tensor> alone;
  int64_t begin = 0;
  for (int64_t i = 0; i < 3; ++i) {
    const int64_t end = begin + both.grid_thw[i].prod().item<int64_t>();
    alone.push_back(tower->features({both.pixel_values.slice(0, begin, end), both.grid_thw.slice(0, i, i + 1)}));
    begin = end;
  }
  EXPECT_LT(max_difference(together, at::cat(alone)), kTolerance);
  EXPECT_GT(max_difference(alone[1], alone[2]), 0.1);
}

TEST(QwenVisionTower, AWindowOverThePictureIsFullAttention) {
  const VisionInput pictures = random_pictures({{6, 10}, {4, 4}});
  const auto features = [&](int64_t window_size, const nlohmann::json& full_blocks) {
    auto config = with(qwen_vision_config(), "/vision_config/window_size", window_size);
    return fill(qwen_vision_tower(with(config, "/vision_config/fullatt_block_indexes", full_blocks)))
        ->features(pictures);
  };
  const nlohmann::json none = nlohmann::json::array();
  const at::Tensor full = features(16, {0, 1});
  EXPECT_LT(max_difference(features(40, none), full), kTolerance);
  EXPECT_LT(max_difference(features(1'000'000, none), full), kTolerance);
  EXPECT_GT(max_difference(features(32, none), full), 1e-3);  // a token short of the width
}

TEST(QwenVisionTower, WindowsSeeNothingOfEachOther) {
  const auto config = with(qwen_vision_config(), "/vision_config/fullatt_block_indexes", nlohmann::json::array());
  const auto tower = fill(qwen_vision_tower(config));
  VisionInput picture = random_pictures({{6, 10}});
  const at::Tensor before = tower->features(picture).clone();
  picture.pixel_values[0] += 1;  // a patch of token 0, whose window holds the tokens 0 and 1 of the rows 0 and 1
  const at::Tensor changed = (tower->features(picture) - before).abs().amax(1) > 0;
  EXPECT_TRUE(at::equal(changed.nonzero().flatten(), at::tensor({0, 1, 5, 6}, at::kLong)));
}

TEST(QwenVisionTower, RefusesPicturesThatDoNotFit) {
  const auto tower = fill(qwen_vision_tower(qwen_vision_config()));
  const auto message = [&](const VisionInput& input) { return message_of<UserError>([&] { tower->features(input); }); };
  const VisionInput good = random_pictures({{4, 4}});
  const auto grid = [](int64_t t, int64_t h, int64_t w) { return at::tensor({t, h, w}, at::kLong).view({1, 3}); };
  EXPECT_THAT(message({good.pixel_values.slice(1, 0, 48), good.grid_thw}), HasSubstr("patches of 48 numbers"));
  EXPECT_THAT(message({good.pixel_values, grid(1, 4, 6)}), HasSubstr("16 patches, but the pictures' grids need 24"));
  EXPECT_THAT(message({good.pixel_values, grid(1, 2, 8).slice(0, 0, 1) + 1}), HasSubstr("2 time steps"));
  EXPECT_THAT(message({good.pixel_values, grid(1, 16, 1)}), HasSubstr("16 x 1 patches does not divide"));
  EXPECT_THAT(message({good.pixel_values, grid(1, -4, -4)}), HasSubstr("-4 x -4 patches does not divide"));
}

TEST(InternVit, FeaturesFollowTheOrderOfTheTiles) {
  const auto tower = fill(intern_vit(intern_vit_config()));
  const VisionInput tiles = random_tiles(3);
  const at::Tensor order = at::tensor({2, 0, 1}, at::kLong);
  const at::Tensor in_order = tower->features(tiles).view({3, 4, 20}).index_select(0, order);
  const at::Tensor permuted = tower->features({tiles.pixel_values.index_select(0, order), {}}).view({3, 4, 20});
  EXPECT_LT(max_difference(permuted, in_order), kTolerance);
  EXPECT_GT(max_difference(permuted, tower->features(tiles).view({3, 4, 20})), 0.1);
}

TEST(InternVit, TheFirstPixelShuffleTransposesTheTokensOfATile) {
  const VisionInput tiles = random_tiles(2);
  const auto features = [&](const char* version) {
    return fill(intern_vit(with(intern_vit_config(), "/ps_version", version)))->features(tiles).view({2, 2, 2, 20});
  };
  EXPECT_LT(max_difference(features("v1"), features("v2").transpose(1, 2)), kTolerance);
}

TEST(InternVit, RefusesTilesOfAnotherSize) {
  const auto tower = fill(intern_vit(intern_vit_config()));
  EXPECT_THAT(message_of<UserError>([&] {
                tower->features({at::zeros({1, 3, 16, 20}), {}});
              }),
              HasSubstr("tiles are 20 x 16 pixels, but config.json's vision tower reads 16 x 16"));
}

}  // namespace
}  // namespace freeact
