#include "quant/site.h"

#include <ATen/ATen.h>

namespace freeact {

at::Tensor Linear::operator()(const at::Tensor& x) const {
  return at::linear(x, weight, bias);
}

}  // namespace freeact
