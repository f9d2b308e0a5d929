// The CUDA device that the kernels run on, and whether there is one.
#pragma once

#include <c10/core/Device.h>

#include <string>

#include "kernel/cuda/row_program.h"

namespace freeact {

// Why nothing can be computed on a CUDA device here, in one line that says what to do; "" when it can. The first call
// loads PyTorch's CUDA library, which a program that never asks does without; so ask before any tensor is made.
std::string cuda_obstacle();
// Throws EnvironmentError with the obstacle.
void require_cuda();

// 90 for 9.0; cheap to ask.
int cuda_capability(at::Device device);

struct CudaDevice {
  std::string name;  // "NVIDIA H200"
  int capability = 0;
  cuda::DeviceLimits limits;
};
// Throws EnvironmentError when the device cannot be used.
CudaDevice cuda_device(at::Device device);

}  // namespace freeact
