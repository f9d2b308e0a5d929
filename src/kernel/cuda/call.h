// What calls from tensors to the CUDA kernels have in common.
#pragma once

#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include "util/error.h"

namespace freeact::cuda {

inline void check(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  const cudaError_t last = cudaGetLastError();  // clears it
  throw EnvironmentError("{} failed on the CUDA device: {}", what,
                         cudaGetErrorString(last == cudaSuccess ? error : last));
}

inline cudaStream_t current_stream(at::Device device) {
  return c10::cuda::getCurrentCUDAStream(device.index()).stream();
}

}  // namespace freeact::cuda
