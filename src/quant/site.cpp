#include "quant/site.h"

#include <ATen/ATen.h>

#include "util/error.h"

namespace freeact {

at::Tensor Linear::operator()(const at::Tensor& x) const {
  return at::linear(x, weight, bias);
}

Linear Linear::on_device(at::Device device) const {
  return {freeact::on_device(weight, device), freeact::on_device(bias, device)};
}

at::Tensor on_device(const at::Tensor& tensor, at::Device device) {
  return tensor.defined() ? tensor.to(device) : tensor;
}

std::shared_ptr<const Site> Site::on_device(at::Device device) const {
  throw Defect(fmt::format("a site that is bound to its device was to move to {}", device.str()));
}

std::shared_ptr<const KvPath> KvPath::on_device(at::Device device) const {
  throw Defect(fmt::format("a path of keys and values that is bound to its device was to move to {}", device.str()));
}

}  // namespace freeact
