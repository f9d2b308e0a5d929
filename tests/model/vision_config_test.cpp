// What the towers demand of config.json.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "message_of.h"
#include "model/tiny_tower.h"
#include "util/error.h"

namespace freeact {
namespace {

using namespace test;
using testing::HasSubstr;

using MakeTower = std::unique_ptr<VisionTower> (*)(const nlohmann::json&);

// A key, "part/key" inside of a part, a value that it must not have, and what the message says besides the key.
struct BadValue {
  std::string key;
  nlohmann::json value;
  std::string says;
};

// The key as messages name it.
std::string dotted(std::string key) {
  std::replace(key.begin(), key.end(), '/', '.');
  return key;
}

void expect_refusals(MakeTower make, const nlohmann::json& good, const std::vector<BadValue>& table) {
  EXPECT_NO_THROW(make(good));
  for (const auto& [key, value, says] : table) {
    nlohmann::json config = good;
    config[nlohmann::json::json_pointer("/" + key)] = value;
    SCOPED_TRACE(key + " = " + value.dump());
    const std::string message = message_of<UserError>([&] { make(config); });
    EXPECT_THAT(message, HasSubstr(dotted(key)));
    EXPECT_THAT(message, HasSubstr(says));
  }
}

void expect_no_null(MakeTower make, const nlohmann::json& good, const std::string& part) {
  const nlohmann::json::json_pointer place(part);
  for (const auto& [key, value] : good[place].items()) {
    if (key == "force_image_size") continue;
    nlohmann::json null = good;
    null[place][key] = nullptr;
    EXPECT_THAT(message_of<UserError>([&] { make(null); }), HasSubstr(key));
  }
}

// Without a key, and with null for it.
void expect_required(MakeTower make, const nlohmann::json& good, const std::string& part) {
  const nlohmann::json::json_pointer place(part);
  expect_no_null(make, good, part);
  for (const auto& [key, value] : good[place].items()) {
    if (key == "force_image_size") continue;
    nlohmann::json without = good;
    without[place].erase(key);
    EXPECT_THAT(message_of<UserError>([&] { make(without); }), HasSubstr(key));
  }
}

// Every tensor's name with its shape.
std::map<std::string, std::vector<int64_t>> table_of(VisionTower& tower) {
  std::map<std::string, std::vector<int64_t>> table;
  tower.visit_tensors(
      [&](const std::string& name, const std::vector<int64_t>& shape, at::Tensor&) { table[name] = shape; });
  return table;
}

// The defaults of transformers' Qwen2_5_VLVisionConfig that matter to still pictures.
nlohmann::json qwen_defaults() {
  return {{"depth", 32},
          {"hidden_size", 3584},
          {"hidden_act", "silu"},
          {"intermediate_size", 3420},
          {"num_heads", 16},
          {"in_channels", 3},
          {"patch_size", 14},
          {"spatial_merge_size", 2},
          {"temporal_patch_size", 2},
          {"tokens_per_second", 4},
          {"window_size", 112},
          {"out_hidden_size", 3584},
          {"fullatt_block_indexes", {7, 15, 23, 31}}};
}

TEST(QwenVisionConfig, RefusesBadValues) {
  const std::string vision = "vision_config/";
  expect_refusals(qwen_vision_tower, qwen_vision_config(),
                  {{"vision_config", 3, "an object"},
                   {"hidden_size", 24, "24"},
                   {vision + "out_hidden_size", 24, "24"},
                   {vision + "num_heads", 3, "16"},
                   {vision + "num_heads", 8, "multiple of 4"},
                   {vision + "num_heads", 0, "from 1"},
                   {vision + "hidden_size", -16, "-16"},
                   {vision + "hidden_size", 16.5, "16.5"},
                   {vision + "depth", 10'001, "10000"},
                   {vision + "depth", int64_t{1} << 62, "10000"},
                   {vision + "intermediate_size", "24", "whole number"},
                   {vision + "patch_size", 100'000, "100000"},
                   {vision + "spatial_merge_size", 0, "from 1"},
                   {vision + "temporal_patch_size", -2, "-2"},
                   {vision + "window_size", 7, "7"},
                   {vision + "in_chans", 4, "3"},
                   {vision + "in_channels", 1, "3"},
                   {vision + "hidden_act", "gelu", "silu"},
                   {vision + "fullatt_block_indexes", {2}, "below 2"},
                   {vision + "fullatt_block_indexes", {-1}, "below 2"},
                   {vision + "fullatt_block_indexes", {0.5}, "below 2"},
                   {vision + "fullatt_block_indexes", 1, "a list"}});
}

TEST(QwenVisionConfig, NamesWhatIsMissing) {
  expect_required(qwen_vision_tower, qwen_vision_config(), "");
  expect_no_null(qwen_vision_tower, qwen_vision_config(), "/vision_config");
}

TEST(QwenVisionConfig, KeysLeftOutHaveTheirDefaults) {
  const nlohmann::json bare = {{"hidden_size", 3584}, {"vision_config", nlohmann::json::object()}};
  nlohmann::json spelt = bare;
  spelt["vision_config"] = qwen_defaults();
  EXPECT_EQ(table_of(*qwen_vision_tower(bare)), table_of(*qwen_vision_tower(spelt)));
  nlohmann::json of_another_width = bare;
  of_another_width["hidden_size"] = 2048;
  EXPECT_THAT(message_of<UserError>([&] { qwen_vision_tower(of_another_width); }), HasSubstr("out_hidden_size 3584"));
}

// What no shape of a tensor shows: windows of 4 x 4 tokens, and the blocks that attend to everything.
TEST(QwenVisionConfig, WindowsLeftOutHaveTheirDefaults) {
  const VisionInput picture = {gaussian({24 * 12, 3 * 2 * 14 * 14}, 5).to(at::kFloat),
                               at::tensor({1, 24, 12}, at::kLong).view({1, 3})};
  const auto features = [&](nlohmann::json vision) {
    vision.update({{"hidden_size", 8}, {"num_heads", 1}, {"intermediate_size", 8}, {"out_hidden_size", 20}});
    return fill(qwen_vision_tower({{"hidden_size", 20}, {"vision_config", vision}}))->features(picture);
  };
  const at::Tensor left_out = features(nlohmann::json::object());
  EXPECT_TRUE(at::equal(left_out, features(qwen_defaults())));
  EXPECT_GT(max_difference(left_out, features({{"window_size", 56}})), 1e-4);
  EXPECT_GT(max_difference(left_out, features({{"fullatt_block_indexes", {7, 15, 23, 30}}})), 1e-4);
}

TEST(InternVitConfig, RefusesBadValues) {
  const std::string vision = "vision_config/";
  expect_refusals(intern_vit, intern_vit_config(),
                  {{"vision_config", nlohmann::json::array(), "an object"},
                   {"llm_config", 3, "an object"},
                   {"llm_config/hidden_size", 0, "from 1"},
                   {"downsample_ratio", 0.3, "divisor"},
                   {"downsample_ratio", 1.0 / 3, "divisor"},
                   {"downsample_ratio", 0, "divisor"},
                   {"downsample_ratio", -0.5, "divisor"},
                   {"downsample_ratio", 1e-300, "divisor"},
                   {"downsample_ratio", 2, "divisor"},
                   {"force_image_size", 20, "20"},
                   {"ps_version", "v3", "v3"},
                   {"select_layer", -2, "-2"},
                   {vision + "num_attention_heads", 3, "16"},
                   {vision + "num_attention_heads", -2, "-2"},
                   {vision + "hidden_size", 0, "from 1"},
                   {vision + "num_hidden_layers", 10'001, "10000"},
                   {vision + "intermediate_size", -1, "-1"},
                   {vision + "image_size", 18, "18"},
                   {vision + "image_size", 1 << 20, "1048576"},
                   {vision + "patch_size", 0, "from 1"},
                   {vision + "layer_norm_eps", -1e-6, "from 0"},
                   {vision + "layer_norm_eps", "small", "a number"},
                   {vision + "num_channels", 1, "3"},
                   {vision + "hidden_act", "silu", "gelu"},
                   {vision + "norm_type", "rms_norm", "layer_norm"},
                   {vision + "qk_normalization", true, "false"},
                   {vision + "qkv_bias", 1, "true or false"}});
}

TEST(InternVitConfig, NamesWhatIsMissing) {
  expect_required(intern_vit, intern_vit_config(), "");
  expect_required(intern_vit, intern_vit_config(), "/vision_config");
}

TEST(InternVitConfig, MayLeaveOutTheSizeOfTiles) {
  nlohmann::json config = intern_vit_config();
  config.erase("force_image_size");
  EXPECT_NO_THROW(intern_vit(config));
}

TEST(InternVitConfig, BiasOfQueryKeyAndValueIsOptional) {
  nlohmann::json config = intern_vit_config();
  config["vision_config"]["qkv_bias"] = false;
  const auto tower = fill(intern_vit(config));
  EXPECT_FALSE(tower->linears().front()->linear.bias.defined());
  EXPECT_EQ(tower->features(random_tiles(1)).size(0), 4);
}

}  // namespace
}  // namespace freeact
