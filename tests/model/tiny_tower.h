// Vision towers of a few thousand random numbers, and pictures for them.
#pragma once

#include <ATen/ATen.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "model/vision_tower.h"
#include "ops/ops.h"

namespace freeact::test {

// Two heads of width 8, windows of 2 x 2 tokens in block 0, the whole picture in block 1.
inline nlohmann::json qwen_vision_config() {
  return {{"hidden_size", 20},
          {"vision_config",
           {{"depth", 2},
            {"hidden_act", "silu"},
            {"hidden_size", 16},
            {"intermediate_size", 24},
            {"num_heads", 2},
            {"in_chans", 3},
            {"out_hidden_size", 20},
            {"patch_size", 4},
            {"spatial_merge_size", 2},
            {"window_size", 16},
            {"fullatt_block_indexes", {1}},
            {"temporal_patch_size", 2}}}};
}

// Two heads of width 8, tiles of 4 x 4 patches, which become 2 x 2 tokens.
inline nlohmann::json intern_vit_config() {
  return {{"downsample_ratio", 0.5},
          {"force_image_size", 16},
          {"llm_config", {{"hidden_size", 20}}},
          {"ps_version", "v2"},
          {"select_layer", -1},
          {"vision_config",
           {{"hidden_act", "gelu"},
            {"hidden_size", 16},
            {"image_size", 16},
            {"intermediate_size", 24},
            {"layer_norm_eps", 1e-6},
            {"norm_type", "layer_norm"},
            {"num_attention_heads", 2},
            {"num_channels", 3},
            {"num_hidden_layers", 2},
            {"patch_size", 4},
            {"qk_normalization", false},
            {"qkv_bias", true}}}};
}

// Random tensors, the same for every tower of the same shapes.
inline std::unique_ptr<VisionTower> fill(std::unique_ptr<VisionTower> tower, at::ScalarType dtype = at::kFloat) {
  uint64_t seed = 1;
  tower->visit_tensors([&](const std::string&, const std::vector<int64_t>& shape, at::Tensor& tensor) {
    tensor = (gaussian(shape, seed++) * 0.3).to(dtype);
  });
  return tower;
}

constexpr int64_t kPatchNumbers = 3 * 2 * 4 * 4;  // colours, frames, pixels

// grids: rows and columns of patches.
inline VisionInput random_pictures(const std::vector<std::array<int64_t, 2>>& grids, uint64_t seed = 100) {
  std::vector<int64_t> flat;
  std::vector<at::Tensor> patches;
  for (const auto& [rows, columns] : grids) {
    flat.insert(flat.end(), {1, rows, columns});
    patches.push_back(gaussian({rows * columns, kPatchNumbers}, seed++).to(at::kFloat));
  }
  return {at::cat(patches), at::tensor(flat, at::kLong).view({-1, 3})};
}

inline VisionInput random_tiles(int64_t count, uint64_t seed = 100) {
  return {gaussian({count, 3, 16, 16}, seed).to(at::kFloat), {}};
}

inline double max_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

}  // namespace freeact::test
