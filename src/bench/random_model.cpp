#include "bench/random_model.h"

#include <ATen/ATen.h>

#include <cmath>
#include <map>

#include "ops/ops.h"
#include "util/random.h"

namespace freeact {

Decoder random_decoder(const Family& family, const nlohmann::json& json, uint64_t seed) {
  const DecoderConfig config = family.read_config(json);
  std::map<std::string, at::Tensor> tensors;
  for (const TensorSpec& spec : expected_tensors(config, family.modules)) {
    const at::Tensor normal = gaussian(spec.shape, derive_seed(seed, spec.name)).to(at::kFloat);
    tensors[spec.name] =
        spec.shape.size() < 2 ? at::ones_like(normal) : normal / std::sqrt(static_cast<double>(spec.shape.back()));
  }
  return build_decoder(
      config, family.modules, [&](const std::string& name) { return tensors.at(name); }, at::kFloat);
}

}  // namespace freeact
