// InternViT-300M and InternVL2.5's projector. Letters: B tiles, T tokens of a tile (the class token first), W width,
// H heads, K head width, D width of the language model.
#include <ATen/ATen.h>

#include <cmath>

#include "model/tower_parts.h"
#include "model/vision_tower.h"
#include "ops/ops.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr double kProjectorEps = 1e-5;  // PyTorch's default; layer_norm_eps is the blocks'

struct Config {
  int64_t width = 0, num_heads = 0, num_blocks = 0, mlp_width = 0, language_width = 0;
  int64_t tile_size = 0, patch_size = 0;  // pixels
  int64_t merge = 0;                      // patches along a side of a vision token
  double norm_eps = 0;
  bool qkv_bias = false;
  bool column_by_column = false;  // ps_version v1: the reference transposes the tokens of a tile

  int64_t grid_side() const { return tile_size / patch_size; }
  int64_t merged_width() const { return width * merge * merge; }
};

// downsample_ratio 0.5 merges 2 patches along a side.
int64_t read_merge(const nlohmann::json& config, int64_t grid_side) {
  const char* key = "downsample_ratio";
  const double ratio = config_value<double>(config, key);
  const bool possible = ratio > 0 && ratio <= 1 && 1 / ratio <= static_cast<double>(grid_side);
  const int64_t merge = possible ? std::llround(1 / ratio) : 0;
  if (merge < 1 || std::abs(static_cast<double>(merge) * ratio - 1) > 1e-9 || grid_side % merge != 0)
    refuse_config_value(key, config.at(key),
                        fmt::format("1 divided by a divisor of a tile's {} patches a side", grid_side).c_str());
  return merge;
}

bool read_column_by_column(const nlohmann::json& config) {
  const std::string version = config_value<std::string>(config, "ps_version");
  if (version != "v1" && version != "v2") refuse_config_value("ps_version", version, "\"v1\" or \"v2\"");
  return version == "v1";
}

// What the published code can do and this tower does not.
void refuse_other_towers(const nlohmann::json& config, const nlohmann::json& vision) {
  config_must_be<std::string>(vision, "vision_config.hidden_act", "gelu");
  config_must_be<std::string>(vision, "vision_config.norm_type", "layer_norm");
  config_must_be<int64_t>(vision, "vision_config.num_channels", 3);
  config_must_be(vision, "vision_config.qk_normalization", false);  // of the 6B tower
  config_must_be<int64_t>(config, "select_layer", -1);
}

// What no single key tells.
void check_together(const Config& c, int64_t forced_tile_size) {
  if (c.width % c.num_heads != 0)
    throw UserError(
        "config.json: vision_config.hidden_size {} does not divide into vision_config.num_attention_heads {}", c.width,
        c.num_heads);
  if (c.tile_size % c.patch_size != 0)
    throw UserError("config.json: vision_config.image_size {} does not divide into vision_config.patch_size {}",
                    c.tile_size, c.patch_size);
  if (c.tile_size != forced_tile_size)
    throw UserError(
        "config.json: force_image_size {} is not vision_config.image_size {}, and position embeddings are not resized",
        forced_tile_size, c.tile_size);
}

Config read_config(const nlohmann::json& config) {
  const nlohmann::json vision = config_part(config, "vision_config");
  refuse_other_towers(config, vision);
  Config c;
  c.width = config_size(vision, "vision_config.hidden_size");
  c.num_heads = config_size(vision, "vision_config.num_attention_heads");
  c.num_blocks = config_size(vision, "vision_config.num_hidden_layers", kMaxTowerLayers);
  c.mlp_width = config_size(vision, "vision_config.intermediate_size");
  c.tile_size = config_size(vision, "vision_config.image_size", kMaxPixelSide);
  c.patch_size = config_size(vision, "vision_config.patch_size", kMaxPixelSide);
  c.norm_eps = config_epsilon(vision, "vision_config.layer_norm_eps");
  c.qkv_bias = config_value<bool>(vision, "vision_config.qkv_bias");
  c.language_width = config_size(config_part(config, "llm_config"), "llm_config.hidden_size");
  check_together(c, config_value_or(config, "force_image_size", c.tile_size));
  c.merge = read_merge(config, c.grid_side());
  c.column_by_column = read_column_by_column(config);
  return c;
}

struct LayerNorm {
  at::Tensor weight, bias;  // [W]

  at::Tensor operator()(const at::Tensor& x, double eps) const {
    return at::layer_norm(x, weight.sizes(), weight, bias, eps);
  }
  void visit_tensors(const TensorVisitor& fn, const std::string& name, int64_t width) {
    fn(name + ".weight", {width}, weight);
    fn(name + ".bias", {width}, bias);
  }
};

struct VisionBlock {
  explicit VisionBlock(int64_t index) : prefix(fmt::format("vision_model.encoder.layers.{}.", index)) {
    qkv.name = prefix + "attn.qkv";
    output.name = prefix + "attn.proj";
    up.name = prefix + "mlp.fc1";
    down.name = prefix + "mlp.fc2";
  }

  void visit_tensors(const TensorVisitor& fn, const Config& c) {
    attention_norm.visit_tensors(fn, prefix + "norm1", c.width);
    visit_linear(fn, qkv, 3 * c.width, c.width, c.qkv_bias);
    visit_linear(fn, output, c.width, c.width);
    fn(prefix + "ls1", {c.width}, attention_scale);
    mlp_norm.visit_tensors(fn, prefix + "norm2", c.width);
    visit_linear(fn, up, c.mlp_width, c.width);
    visit_linear(fn, down, c.width, c.mlp_width);
    fn(prefix + "ls2", {c.width}, mlp_scale);
  }

  at::Tensor attend(const at::Tensor& x_BTW, int64_t num_heads) const {
    const auto qkv_BHTK = qkv(x_BTW).unflatten(-1, {3, num_heads, -1}).transpose(1, 3).unbind(2);
    const at::Tensor heads_BHTK = attention(qkv_BHTK[0], qkv_BHTK[1], qkv_BHTK[2], {}, /*causal=*/false);
    return output(heads_BHTK.transpose(1, 2).flatten(-2));
  }

  at::Tensor forward(const at::Tensor& x_BTW, const Config& c) const {
    const at::Tensor attended = x_BTW + attend(attention_norm(x_BTW, c.norm_eps), c.num_heads) * attention_scale;
    return attended + down(at::gelu(up(mlp_norm(attended, c.norm_eps)))) * mlp_scale;
  }

  std::string prefix;
  LayerNorm attention_norm, mlp_norm;
  at::Tensor attention_scale, mlp_scale;  // [W], LayerScale
  VisionLinear qkv, output, up, down;
};

class InternVit : public VisionTower {
 public:
  explicit InternVit(const Config& config) : config_(config) {
    for (int64_t i = 0; i < config.num_blocks; ++i) blocks_.emplace_back(i);
    projector_in_.name = "mlp1.1";
    projector_out_.name = "mlp1.3";
  }

  at::Tensor features(const VisionInput& input, const Observer* observer) const override;
  void visit_tensors(const TensorVisitor& fn) override;
  std::vector<VisionLinear*> linears() override;
  std::unique_ptr<VisionTower> clone() const override { return std::make_unique<InternVit>(*this); }
  int64_t width() const override { return config_.language_width; }

 private:
  at::Tensor embed(const at::Tensor& pixel_values) const;
  at::Tensor pixel_shuffle(const at::Tensor& x_BTW) const;

  Config config_;
  at::Tensor class_token_;                // [1, 1, W]
  at::Tensor position_embedding_;         // [1, T, W]
  at::Tensor patch_weight_, patch_bias_;  // [W, C, patch, patch], [W]
  std::vector<VisionBlock> blocks_;
  LayerNorm projector_norm_;
  VisionLinear projector_in_, projector_out_;
};

// [B, C, size, size] -> [B, T, W].
at::Tensor InternVit::embed(const at::Tensor& pixel_values) const {
  const at::Tensor pixels = pixel_values.to(patch_weight_.options());
  const at::Tensor patches = at::conv2d(pixels, patch_weight_, patch_bias_, config_.patch_size).flatten(2);
  const at::Tensor classes = class_token_.expand({pixels.size(0), -1, -1});
  return at::cat({classes, patches.transpose(1, 2)}, 1) + position_embedding_;
}

// Without the class token; a token is the patches of a square, row by row: [B, T, W] -> [B, (T - 1) / M^2, W * M^2].
at::Tensor InternVit::pixel_shuffle(const at::Tensor& x_BTW) const {
  const int64_t side = config_.grid_side() / config_.merge, merge = config_.merge;
  const at::Tensor squares = x_BTW.slice(1, 1).reshape({x_BTW.size(0), side, merge, side, merge, config_.width});
  const at::Tensor tokens =
      config_.column_by_column ? squares.permute({0, 3, 1, 2, 4, 5}) : squares.permute({0, 1, 3, 2, 4, 5});
  return tokens.reshape({x_BTW.size(0), side * side, config_.merged_width()});
}

at::Tensor InternVit::features(const VisionInput& input, const Observer* observer) const {
  const auto observe = [&](const std::string& point, const at::Tensor& value) {
    if (observer) (*observer)(point, value);
  };
  const at::Tensor& tiles = input.pixel_values;
  FREEACT_CHECK(tiles.defined() && tiles.dim() == 4 && tiles.size(1) == 3, "pixel values of tiles");
  if (tiles.size(2) != config_.tile_size || tiles.size(3) != config_.tile_size)
    throw UserError("tiles are {} x {} pixels, but config.json's vision tower reads {} x {}", tiles.size(3),
                    tiles.size(2), config_.tile_size, config_.tile_size);
  at::Tensor x_BTW = embed(tiles);
  observe("embeddings", x_BTW);
  for (size_t i = 0; i < blocks_.size(); ++i) {
    x_BTW = blocks_[i].forward(x_BTW, config_);
    observe(fmt::format("block.{}", i), x_BTW);
  }
  const at::Tensor shuffled = pixel_shuffle(x_BTW);
  observe("pixel_shuffle", shuffled);
  const at::Tensor features_BTD = projector_out_(at::gelu(projector_in_(projector_norm_(shuffled, kProjectorEps))));
  observe("features", features_BTD);
  return features_BTD.flatten(0, 1);
}

void InternVit::visit_tensors(const TensorVisitor& fn) {
  const Config& c = config_;
  const std::string embeddings = "vision_model.embeddings.";
  fn(embeddings + "class_embedding", {1, 1, c.width}, class_token_);
  fn(embeddings + "patch_embedding.weight", {c.width, 3, c.patch_size, c.patch_size}, patch_weight_);
  fn(embeddings + "patch_embedding.bias", {c.width}, patch_bias_);
  fn(embeddings + "position_embedding", {1, 1 + c.grid_side() * c.grid_side(), c.width}, position_embedding_);
  for (VisionBlock& block : blocks_) block.visit_tensors(fn, c);
  projector_norm_.visit_tensors(fn, "mlp1.0", c.merged_width());
  visit_linear(fn, projector_in_, c.language_width, c.merged_width());
  visit_linear(fn, projector_out_, c.language_width, c.language_width);
}

std::vector<VisionLinear*> InternVit::linears() {
  std::vector<VisionLinear*> all;
  for (VisionBlock& block : blocks_) all.insert(all.end(), {&block.qkv, &block.output, &block.up, &block.down});
  all.insert(all.end(), {&projector_in_, &projector_out_});
  return all;
}

}  // namespace

std::unique_ptr<VisionTower> intern_vit(const nlohmann::json& config) {
  return std::make_unique<InternVit>(read_config(config));
}

}  // namespace freeact
