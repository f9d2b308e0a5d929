#include "embedded/adam.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

namespace freeact {
namespace {

constexpr double kMeanDecay = 0.9, kSquareDecay = 0.98, kEpsilon = 1e-8, kMaxNorm = 1.0;

}  // namespace

Adam::Adam(TensorMap parameters) : parameters_(std::move(parameters)) {
  for (const auto& [name, parameter] : parameters_) {
    means_[name] = at::zeros_like(parameter.detach());
    squares_[name] = at::zeros_like(parameter.detach());
  }
}

void Adam::clip_gradients() {
  double square = 0;
  for (const auto& [name, parameter] : parameters_) square += parameter.grad().square().sum().item<double>();
  const double norm = std::sqrt(square);
  if (norm > kMaxNorm)
    for (auto& [name, parameter] : parameters_) parameter.mutable_grad().mul_(kMaxNorm / norm);
}

void Adam::step(double learning_rate) {
  const at::NoGradGuard no_grad;
  clip_gradients();
  ++steps_;
  const double mean_correction = 1 - std::pow(kMeanDecay, static_cast<double>(steps_));
  const double square_correction = std::sqrt(1 - std::pow(kSquareDecay, static_cast<double>(steps_)));
  for (auto& [name, parameter] : parameters_) {
    const at::Tensor& gradient = parameter.grad();
    means_[name].lerp_(gradient, 1 - kMeanDecay);
    squares_[name].mul_(kSquareDecay).addcmul_(gradient, gradient, 1 - kSquareDecay);
    const at::Tensor denominator = squares_[name].sqrt().div_(square_correction).add_(kEpsilon);
    parameter.addcdiv_(means_[name], denominator, -learning_rate / mean_correction);
    parameter.mutable_grad().reset();
  }
}

TensorMap Adam::state() const {
  TensorMap state;
  for (const auto& [name, parameter] : parameters_) {
    state["weight." + name] = parameter.detach();
    state["mean." + name] = means_.at(name);
    state["square." + name] = squares_.at(name);
  }
  return state;
}

void Adam::restore(const TensorMap& state, int64_t steps_done) {
  const at::NoGradGuard no_grad;
  for (auto& [name, parameter] : parameters_) {
    parameter.copy_(state.at("weight." + name));
    means_[name].copy_(state.at("mean." + name));
    squares_[name].copy_(state.at("square." + name));
  }
  steps_ = steps_done;
}

}  // namespace freeact
