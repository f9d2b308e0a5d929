// Tests that need a CUDA device; without one they are skipped and say why.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernel/cuda/device.h"

namespace freeact {

class GpuTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string obstacle = cuda_obstacle();  // before anything else: see there
    if (!obstacle.empty()) GTEST_SKIP() << obstacle;
    at::manual_seed(1);
  }
  const at::Device gpu_ = at::Device(at::kCUDA, 0);
};

inline std::vector<at::Tensor> on_cpu(std::vector<at::Tensor> tensors) {
  for (at::Tensor& tensor : tensors) tensor = tensor.cpu();
  return tensors;
}

}  // namespace freeact
