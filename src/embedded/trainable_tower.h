// A vision tower whose tensors are trained. Letters: B pictures, N vision tokens, D width of the language model.
#pragma once

#include <memory>
#include <vector>

#include "checkpoint/safetensors.h"
#include "embedded/vision_sources.h"
#include "image/internvl_preprocess.h"
#include "model/vision_tower.h"

namespace freeact {

class TrainableTower {
 public:
  // config: the whole config.json. Random tensors from the seed; computes in dtype.
  TrainableTower(const nlohmann::json& config, uint64_t seed, at::ScalarType dtype);

  // By published name, in float32, with gradients.
  const TensorMap& parameters() const { return parameters_; }
  VisionInput prepare(const std::vector<AskedPicture>& pictures) const;
  // [N, D] in dtype, with gradients where they are recorded. The observer sees the tower's points.
  at::Tensor features(const VisionInput& input, const Observer* observer = nullptr);

  int64_t tokens_per_picture() const { return image_config_.tokens_per_tile; }
  // In bfloat16.
  TensorMap tensors() const;
  // Throws UserError when the file has other shapes.
  void start_from(const SafetensorsFile& file);

 private:
  std::unique_ptr<VisionTower> tower_;
  InternvlImageConfig image_config_;
  at::ScalarType dtype_;
  TensorMap parameters_;
};

}  // namespace freeact
