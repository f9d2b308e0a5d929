// Random transforms, clips and sites for tests of the integer kernels.
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <memory>

#include "quant/quantised_site.h"
#include "quant/transform.h"

namespace freeact {

inline at::Tensor random_factor(int64_t size) {
  return at::randn({size, size}) / std::sqrt(static_cast<double>(size));
}

// Sides of 0 are left out.
inline std::shared_ptr<const Transform> random_kronecker(int64_t left, int64_t right) {
  KroneckerTransform::Factors factors;
  if (left > 0) factors.left = factors.left_inverse_t = random_factor(left);
  if (right > 0) factors.right = factors.right_inverse_t = random_factor(right);
  return std::make_shared<KroneckerTransform>(factors);
}

inline std::shared_ptr<const Transform> random_scale(int64_t width) {
  return std::make_shared<ScaleTransform>(at::rand({width}) + 0.3);
}

// By token type.
inline Clip random_clip(int64_t num_types) {
  return {at::rand({num_types}) * 0.5 + 0.5, at::rand({num_types}) * 0.5 + 0.5};
}

// Known to nobody: it has no form for plain rows.
class ForeignTransform : public Transform {
 public:
  std::string kind() const override { return "foreign"; }
  at::Tensor activation(const at::Tensor& x_BTD, const at::Tensor&) const override { return x_BTD.flip(-1) * 1.5; }
  at::Tensor weight(const at::Tensor& weight_OD) const override { return weight_OD.flip(-1) / 1.5; }
  NamedTensors tensors() const override { return {}; }
};

}  // namespace freeact
