// Vision towers: prepared pictures in, one row per vision token out, as wide as the language model's embeddings.
// Letters: P patches, N vision tokens, D width of the language model.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/decoder.h"
#include "quant/site.h"

namespace freeact {

// The pictures of one prompt, at least one, in reading order, as src/image prepares them; of any floating-point type,
// on any device.
struct VisionInput {
  at::Tensor pixel_values;  // Qwen: [P, C * frames * patch * patch]; InternVL: [tiles, C, size, size]
  at::Tensor grid_thw;      // Qwen: int64 [images, 3], patches; InternVL: undefined
};

// A linear of a tower, which may be quantised. Its site has this one linear.
struct VisionLinear {
  std::string name;  // as published, without ".weight"
  Linear linear;
  std::shared_ptr<const Site> site;  // null: from the float weights

  // x [.., in] -> [.., out]. A site sees the rows as one sequence [1, rows, in] whose token types are all 0.
  at::Tensor operator()(const at::Tensor& x) const;
};

// Is called with the published name and the shape that config.json demands of a tensor, and where that tensor goes.
using TensorVisitor =
    std::function<void(const std::string& name, const std::vector<int64_t>& shape, at::Tensor& tensor)>;

// A new tower has no tensors: whoever builds it sets them all through visit_tensors(), in one type and on one device,
// which is then where and how the tower computes.
class VisionTower {
 public:
  virtual ~VisionTower() = default;

  // [N, D], a row per vision token in reading order. Throws UserError for pictures that do not fit the configuration,
  // as after preprocessing with other sizes. The observer is told the points each tower lists below.
  virtual at::Tensor features(const VisionInput& input, const Observer* observer = nullptr) const = 0;
  virtual void visit_tensors(const TensorVisitor& fn) = 0;
  // What may be quantised: all linears of blocks and merger, not the patch embedding. Valid as long as the tower.
  virtual std::vector<VisionLinear*> linears() = 0;
  // Shares tensors and sites with the original; giving either of the two other ones leaves the other as it was.
  virtual std::unique_ptr<VisionTower> clone() const = 0;
  virtual int64_t width() const = 0;  // D
};

// Both take the whole config.json and throw one UserError, naming key and value, for what is missing, absurd,
// inconsistent or not supported.

// Qwen2.5-VL's. Points: "patch_embed", "window_index", "cu_window_seqlens", "cu_seqlens", "rotary_angles", "block.N",
// "merger_window_order", "features"; blocks and the merger in window order, the others in the processor's. Keys that
// vision_config leaves out are transformers' defaults.
// Source: Qwen2_5_VisionTransformerPretrainedModel of transformers 4.49.
std::unique_ptr<VisionTower> qwen_vision_tower(const nlohmann::json& config);

// InternVL2.5's InternViT-300M with its projector. Points: "embeddings", "block.N", "pixel_shuffle", "features", each
// [tiles, tokens, width]. Source: modeling_intern_vit.py and modeling_internvl_chat.py of OpenGVLab/InternVL2_5-8B.
std::unique_ptr<VisionTower> intern_vit(const nlohmann::json& config);

}  // namespace freeact
