// What a build without CUDA says when it is asked for it.
#include "kernel/cuda/device.h"
#include "kernel/cuda/site.h"
#include "util/error.h"

namespace freeact {

std::string cuda_obstacle() {
  return "this build has no CUDA kernels; build with tools/build cuda on a machine with a CUDA toolkit";
}

void require_cuda() {
  throw EnvironmentError(cuda_obstacle());
}

int cuda_capability(at::Device) {
  throw EnvironmentError(cuda_obstacle());
}

CudaDevice cuda_device(at::Device) {
  throw EnvironmentError(cuda_obstacle());
}

std::shared_ptr<const Site> cuda_site(const std::shared_ptr<const QuantisedSite>&, at::Device) {
  throw EnvironmentError(cuda_obstacle());
}

}  // namespace freeact
