#include "embedded/trainable_tower.h"

#include <ATen/ATen.h>

#include <cmath>

#include "embedded/start_file.h"
#include "ops/ops.h"
#include "util/random.h"

namespace freeact {
namespace {

// Linears keep the size of their input; what is added to the residual stream by one of n blocks is smaller, and
// positions differ clearly from the start.
at::Tensor first_value(const std::string& name, const std::vector<int64_t>& shape, int64_t num_blocks, uint64_t seed) {
  constexpr double kPositionDeviation = 0.3, kOutputDeviation = 0.1;
  if (name.ends_with(".bias")) return at::zeros(shape);
  if (shape.size() == 1) return at::ones(shape);  // norms and layer scales
  const at::Tensor normal = gaussian(shape, derive_seed(seed, "tower " + name)).to(at::kFloat);
  if (name.ends_with("_embedding")) return normal * kPositionDeviation;
  double deviation = 1 / std::sqrt(static_cast<double>(normal[0].numel()));
  if (name.ends_with("attn.proj.weight") || name.ends_with("mlp.fc2.weight"))
    deviation /= std::sqrt(2.0 * static_cast<double>(num_blocks));
  if (name == "mlp1.3.weight") deviation *= kOutputDeviation;
  return normal * deviation;
}

}  // namespace

TrainableTower::TrainableTower(const nlohmann::json& config, uint64_t seed, at::ScalarType dtype)
    : tower_(intern_vit(config)),
      image_config_(parse_internvl_image_config(config, "config.json", nlohmann::json::object(), "")),
      dtype_(dtype) {
  const auto num_blocks = config.at("vision_config").at("num_hidden_layers").get<int64_t>();
  tower_->visit_tensors([&](const std::string& name, const std::vector<int64_t>& shape, at::Tensor&) {
    parameters_[name] = first_value(name, shape, num_blocks, seed).set_requires_grad(true);
  });
}

VisionInput TrainableTower::prepare(const std::vector<AskedPicture>& pictures) const {
  std::vector<at::Tensor> tiles;
  for (const AskedPicture& picture : pictures)
    tiles.push_back(internvl_preprocess(picture.rgb_HWC, image_config_).pixel_values);
  return {at::cat(tiles), {}};
}

at::Tensor TrainableTower::features(const VisionInput& input, const Observer* observer) {
  tower_->visit_tensors([&](const std::string& name, const std::vector<int64_t>&, at::Tensor& tensor) {
    tensor = parameters_.at(name).to(dtype_);
  });
  return tower_->features(input, observer);
}

TensorMap TrainableTower::tensors() const {
  TensorMap tensors;
  for (const auto& [name, parameter] : parameters_) tensors[name] = parameter.detach().to(at::kBFloat16);
  return tensors;
}

void TrainableTower::start_from(const SafetensorsFile& file) {
  for (const auto& [name, parameter] : parameters_) start_parameter(file, name, parameter);
}

}  // namespace freeact
