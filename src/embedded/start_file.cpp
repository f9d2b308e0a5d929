#include "embedded/start_file.h"

#include <ATen/core/grad_mode.h>

#include "util/error.h"
#include "util/hash.h"

namespace freeact {

SafetensorsFile open_start_file(const std::filesystem::path& path, const std::string& sha256) {
  if (!std::filesystem::exists(path))
    throw UserError("the recipe starts from {}, which is missing: train it first", path.string());
  if (sha256_file(path) != sha256)
    throw UserError("{} is another file than the one the recipe starts from", path.string());
  return SafetensorsFile(path);
}

void start_parameter(const SafetensorsFile& file, const std::string& name, const at::Tensor& parameter) {
  const at::NoGradGuard no_grad;
  const at::Tensor tensor = file.tensor(name);
  if (tensor.sizes() != parameter.sizes())
    throw UserError("the file to start from has {} of shape {} instead of {}", name, shape_text(tensor.sizes()),
                    shape_text(parameter.sizes()));
  parameter.copy_(tensor);
}

}  // namespace freeact
