// Qwen2.5-VL's vision tower. Letters: P patches, W width, H heads, K head width, M^2 patches that one token merges,
// N = P / M^2 tokens, D width of the language model.
#include <ATen/ATen.h>

#include <algorithm>

#include "model/patch_layout.h"
#include "model/tower_parts.h"
#include "model/vision_tower.h"
#include "ops/ops.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr double kNormEps = 1e-6;  // fixed in the published code; rms_norm_eps is the language model's

struct Config {
  int64_t width = 0, num_heads = 0, num_blocks = 0, mlp_width = 0, language_width = 0;
  int64_t patch_size = 0, num_frames = 0, merge = 0;  // pixels, frames of a patch, patches along a side of a token
  int64_t window_side = 0;                            // tokens along a side of a window
  std::vector<bool> attends_to_all;                   // a block each; the others attend within windows

  int64_t head_width() const { return width / num_heads; }
  int64_t merged_width() const { return width * merge * merge; }
  int64_t patch_numbers() const { return 3 * num_frames * patch_size * patch_size; }
};

// Checkpoints that transformers has saved again leave out the keys that equal the defaults of its
// Qwen2_5_VLVisionConfig, which these are. Published ones call in_channels in_chans.
nlohmann::json vision_part(const nlohmann::json& config) {
  nlohmann::json vision = {{"vision_config.depth", 32},
                           {"vision_config.fullatt_block_indexes", {7, 15, 23, 31}},
                           {"vision_config.hidden_act", "silu"},
                           {"vision_config.hidden_size", 3584},
                           {"vision_config.in_channels", 3},
                           {"vision_config.in_chans", 3},
                           {"vision_config.intermediate_size", 3420},
                           {"vision_config.num_heads", 16},
                           {"vision_config.out_hidden_size", 3584},
                           {"vision_config.patch_size", 14},
                           {"vision_config.spatial_merge_size", 2},
                           {"vision_config.temporal_patch_size", 2},
                           {"vision_config.window_size", 112}};
  vision.update(config_part(config, "vision_config"));
  return vision;
}

std::vector<bool> read_full_blocks(const nlohmann::json& vision, int64_t num_blocks) {
  const char* key = "vision_config.fullatt_block_indexes";
  const auto found = vision.find(key);
  std::vector<bool> full(static_cast<size_t>(num_blocks), false);
  const auto is_block = [&](const nlohmann::json& index) {
    return index.is_number_integer() && index >= 0 && index < num_blocks;
  };
  if (!found->is_array() || !std::all_of(found->begin(), found->end(), is_block))
    refuse_config_value(key, *found, fmt::format("a list of block numbers below {}", num_blocks).c_str());
  for (const auto& index : *found) full[index.get<size_t>()] = true;
  return full;
}

// What no single key tells.
void check_together(const Config& c, const nlohmann::json& vision, int64_t language_width) {
  // The rotary embedding cuts a head into rows and columns, and each of these into halves.
  if (c.width % c.num_heads != 0 || c.head_width() % 4 != 0)
    throw UserError(
        "config.json: vision_config.hidden_size {} does not divide into vision_config.num_heads {} of a width that is "
        "a multiple of 4",
        c.width, c.num_heads);
  if (c.window_side < 1)
    throw UserError("config.json: vision_config.window_size {} is smaller than the {} pixels of one token",
                    vision["vision_config.window_size"].dump(), c.merge * c.patch_size);
  if (c.language_width != language_width)
    throw UserError("config.json: vision_config.out_hidden_size {} is not the language model's hidden_size {}",
                    c.language_width, language_width);
}

Config read_config(const nlohmann::json& config) {
  const nlohmann::json vision = vision_part(config);
  config_must_be<std::string>(vision, "vision_config.hidden_act", "silu");
  config_must_be<int64_t>(vision, "vision_config.in_channels", 3);
  config_must_be<int64_t>(vision, "vision_config.in_chans", 3);
  Config c;
  c.width = config_size(vision, "vision_config.hidden_size");
  c.num_heads = config_size(vision, "vision_config.num_heads");
  c.num_blocks = config_size(vision, "vision_config.depth", kMaxTowerLayers);
  c.mlp_width = config_size(vision, "vision_config.intermediate_size");
  c.language_width = config_size(vision, "vision_config.out_hidden_size");
  c.patch_size = config_size(vision, "vision_config.patch_size", kMaxPixelSide);
  c.num_frames = config_size(vision, "vision_config.temporal_patch_size", kMaxPixelSide);
  c.merge = config_size(vision, "vision_config.spatial_merge_size", kMaxPixelSide);
  c.window_side = config_size(vision, "vision_config.window_size") / c.merge / c.patch_size;
  c.attends_to_all = read_full_blocks(vision, c.num_blocks);
  check_together(c, vision, config_size(config, "hidden_size"));
  return c;
}

// softmax(q k^T / sqrt(K)) v within each segment of patches; q, k, v [P, H, K] -> [P, H * K]. Neighbouring segments of
// one size, as most windows are, go through in one batch.
at::Tensor segment_attention(const at::Tensor& q_PHK, const at::Tensor& k_PHK, const at::Tensor& v_PHK,
                             const std::vector<int64_t>& offsets) {
  std::vector<at::Tensor> parts;
  const size_t count = offsets.size() - 1;
  for (size_t first = 0, last = 0; first < count; first = last) {
    const int64_t begin = offsets[first], length = offsets[first + 1] - begin;
    while (last < count && offsets[last + 1] - offsets[last] == length) ++last;
    const auto batch = [&](const at::Tensor& x_PHK) {
      return x_PHK.slice(0, begin, offsets[last]).unflatten(0, {-1, length}).transpose(1, 2);
    };
    const at::Tensor out_BHTK = attention(batch(q_PHK), batch(k_PHK), batch(v_PHK), {}, /*causal=*/false);
    parts.push_back(out_BHTK.transpose(1, 2).reshape({offsets[last] - begin, -1}));
  }
  return at::cat(parts);
}

struct VisionBlock {
  explicit VisionBlock(int64_t index) : prefix(fmt::format("visual.blocks.{}.", index)) {
    qkv.name = prefix + "attn.qkv";
    output.name = prefix + "attn.proj";
    gate.name = prefix + "mlp.gate_proj";
    up.name = prefix + "mlp.up_proj";
    down.name = prefix + "mlp.down_proj";
  }

  void visit_tensors(const TensorVisitor& fn, const Config& c) {
    fn(prefix + "norm1.weight", {c.width}, attention_norm);
    visit_linear(fn, qkv, 3 * c.width, c.width);
    visit_linear(fn, output, c.width, c.width);
    fn(prefix + "norm2.weight", {c.width}, mlp_norm);
    visit_linear(fn, gate, c.mlp_width, c.width);
    visit_linear(fn, up, c.mlp_width, c.width);
    visit_linear(fn, down, c.width, c.mlp_width);
  }

  at::Tensor attend(const at::Tensor& x_PW, const RopeTable& rope, const std::vector<int64_t>& segments,
                    int64_t num_heads) const {
    const auto qkv_PHK = qkv(x_PW).unflatten(-1, {3, num_heads, -1}).unbind(1);
    const auto rotate = [&](const at::Tensor& x_PHK) {
      return apply_rope(x_PHK.transpose(0, 1).unsqueeze(0), rope).squeeze(0).transpose(0, 1);
    };
    return output(segment_attention(rotate(qkv_PHK[0]), rotate(qkv_PHK[1]), qkv_PHK[2], segments));
  }

  at::Tensor forward(const at::Tensor& x_PW, const RopeTable& rope, const std::vector<int64_t>& segments,
                     int64_t num_heads) const {
    const at::Tensor attended = x_PW + attend(rms_norm(x_PW, attention_norm, kNormEps), rope, segments, num_heads);
    const at::Tensor normed = rms_norm(attended, mlp_norm, kNormEps);
    return attended + down(at::silu(gate(normed)) * up(normed));
  }

  std::string prefix;
  at::Tensor attention_norm, mlp_norm;  // [W]
  VisionLinear qkv, output, gate, up, down;
};

class QwenVisionTower : public VisionTower {
 public:
  explicit QwenVisionTower(const Config& config) : config_(config) {
    for (int64_t i = 0; i < config.num_blocks; ++i) blocks_.emplace_back(i);
    merger_in_.name = "visual.merger.mlp.0";
    merger_out_.name = "visual.merger.mlp.2";
  }

  at::Tensor features(const VisionInput& input, const Observer* observer) const override;
  void visit_tensors(const TensorVisitor& fn) override;
  std::vector<VisionLinear*> linears() override;
  std::unique_ptr<VisionTower> clone() const override { return std::make_unique<QwenVisionTower>(*this); }
  int64_t width() const override { return config_.language_width; }

 private:
  PatchLayout layout_of(const VisionInput& input) const;
  at::Tensor embed(const at::Tensor& pixel_values) const;
  at::Tensor merge(const at::Tensor& x_PW) const;
  // Patches [P, ..] from the processor's order to window order.
  at::Tensor to_windows(const at::Tensor& x, const at::Tensor& window_index) const {
    return x.unflatten(0, {-1, config_.merge * config_.merge}).index_select(0, window_index).flatten(0, 1);
  }

  Config config_;
  at::Tensor patch_weight_;  // [W, C, frames, patch, patch]
  std::vector<VisionBlock> blocks_;
  at::Tensor merger_norm_;  // [W]
  VisionLinear merger_in_, merger_out_;
};

PatchLayout QwenVisionTower::layout_of(const VisionInput& input) const {
  const at::Tensor& pixels = input.pixel_values;
  FREEACT_CHECK(pixels.defined() && pixels.dim() == 2, "pixel values of patches");
  FREEACT_CHECK(input.grid_thw.defined() && input.grid_thw.dim() == 2 && input.grid_thw.size(1) == 3, "grids");
  if (pixels.size(1) != config_.patch_numbers())
    throw UserError("pictures come in patches of {} numbers, but config.json's vision tower reads {} ({} x {} pixels)",
                    pixels.size(1), config_.patch_numbers(), config_.patch_size, config_.patch_size);
  PatchLayout layout = lay_out_patches(input.grid_thw.to(at::kCPU, at::kLong), config_.merge, config_.window_side);
  if (layout.pictures.back() != pixels.size(0))
    throw UserError("there are {} patches, but the pictures' grids need {}", pixels.size(0), layout.pictures.back());
  return layout;
}

// A convolution whose kernel never overlaps is a product with the flattened kernel. Large patch weights make the order
// of its sums most of the difference from the reference, so that float32 on the CPU, where references are made, takes
// the same kernel as they do; elsewhere that one is many times slower.
at::Tensor QwenVisionTower::embed(const at::Tensor& pixel_values) const {
  const at::Tensor pixels = pixel_values.to(patch_weight_.options());
  if (!pixels.is_cpu() || pixels.scalar_type() != at::kFloat) return at::linear(pixels, patch_weight_.flatten(1));
  const at::Tensor patches = pixels.unflatten(1, patch_weight_.sizes().slice(1));
  return at::conv3d(patches, patch_weight_, {}, patch_weight_.sizes().slice(2)).flatten(1);
}

// [P, W] -> [N, D].
at::Tensor QwenVisionTower::merge(const at::Tensor& x_PW) const {
  const at::Tensor groups = rms_norm(x_PW, merger_norm_, kNormEps).reshape({-1, config_.merged_width()});
  return merger_out_(at::gelu(merger_in_(groups)));
}

at::Tensor QwenVisionTower::features(const VisionInput& input, const Observer* observer) const {
  const auto observe = [&](const std::string& point, const at::Tensor& value) {
    if (observer) (*observer)(point, value);
  };
  const PatchLayout layout = layout_of(input);
  const at::Tensor window_index = layout.window_index.to(patch_weight_.device());
  const at::Tensor angles = rotary_angles(layout.positions.to(patch_weight_.device()), config_.head_width());
  at::Tensor x_PW = embed(input.pixel_values);
  observe("patch_embed", x_PW);
  observe("window_index", window_index);
  observe("cu_window_seqlens", at::tensor(layout.windows, at::kInt));
  observe("cu_seqlens", at::tensor(layout.pictures, at::kInt));
  observe("rotary_angles", angles);

  x_PW = to_windows(x_PW, window_index);
  const at::Tensor turns = to_windows(angles, window_index).repeat({1, 2}).view({1, 1, x_PW.size(0), -1});
  const RopeTable rope{turns.cos(), turns.sin()};
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const auto& segments = config_.attends_to_all[i] ? layout.pictures : layout.windows;
    x_PW = blocks_[i].forward(x_PW, rope, segments, config_.num_heads);
    observe(fmt::format("block.{}", i), x_PW);
  }
  const at::Tensor merged_ND = merge(x_PW);
  observe("merger_window_order", merged_ND);
  const at::Tensor features_ND = merged_ND.index_select(0, window_index.argsort());
  observe("features", features_ND);
  return features_ND;
}

void QwenVisionTower::visit_tensors(const TensorVisitor& fn) {
  const Config& c = config_;
  fn("visual.patch_embed.proj.weight", {c.width, 3, c.num_frames, c.patch_size, c.patch_size}, patch_weight_);
  for (VisionBlock& block : blocks_) block.visit_tensors(fn, c);
  fn("visual.merger.ln_q.weight", {c.width}, merger_norm_);
  visit_linear(fn, merger_in_, c.merged_width(), c.merged_width());
  visit_linear(fn, merger_out_, c.language_width, c.merged_width());
}

std::vector<VisionLinear*> QwenVisionTower::linears() {
  std::vector<VisionLinear*> all;
  for (VisionBlock& block : blocks_)
    all.insert(all.end(), {&block.qkv, &block.output, &block.gate, &block.up, &block.down});
  all.insert(all.end(), {&merger_in_, &merger_out_});
  return all;
}

}  // namespace

std::unique_ptr<VisionTower> qwen_vision_tower(const nlohmann::json& config) {
  return std::make_unique<QwenVisionTower>(read_config(config));
}

}  // namespace freeact
