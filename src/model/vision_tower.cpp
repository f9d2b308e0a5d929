#include "model/vision_tower.h"

#include <ATen/ATen.h>

namespace freeact {

at::Tensor VisionLinear::operator()(const at::Tensor& x) const {
  if (!site) return linear(x);
  const at::Tensor rows_BTD = x.reshape({1, -1, x.size(-1)});
  const at::Tensor types_BT = at::zeros({1, rows_BTD.size(1)}, x.options().dtype(at::kLong));
  std::vector<int64_t> shape = x.sizes().vec();
  const at::Tensor out_BTO = site->forward(rows_BTD, types_BT).front();
  shape.back() = out_BTO.size(-1);
  return out_BTO.reshape(shape);
}

}  // namespace freeact
