#include "kernel/cuda/device.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include "kernel/cuda/call.h"

namespace freeact {
namespace {

constexpr int kOldestCapability = 80;

std::string obstacle_of_driver() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaSuccess && count > 0) return {};
  (void)cudaGetLastError();  // or the next call would report it again
  return fmt::format(
      "no CUDA device can be used ({}); choose another backend, or check nvidia-smi and CUDA_VISIBLE_DEVICES",
      error == cudaSuccess ? "there is none" : cudaGetErrorString(error));
}

// It comes in when it is asked for: linked, it would lengthen the start of every run, and keep the program from
// starting where one of its libraries is missing.
std::string obstacle_of_library() {
  if (!dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL))
    return fmt::format(
        "PyTorch's CUDA library cannot be loaded ({}); install the torch wheel with all of its requirements",
        dlerror());
  if (!at::hasCUDA()) return "PyTorch's CUDA library was loaded too late; name the backend before anything is computed";
  return {};
}

int capability_of(int index) {
  int major = 0, minor = 0;
  cuda::check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, index), "asking for the device");
  cuda::check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, index), "asking for the device");
  return major * 10 + minor;
}

std::string find_obstacle() {
  std::string obstacle = obstacle_of_driver();
  if (!obstacle.empty()) return obstacle;
  const int capability = capability_of(0);
  if (capability < kOldestCapability)
    return fmt::format("the CUDA device has compute capability {}.{}, but 8.0 is needed", capability / 10,
                       capability % 10);
  return obstacle_of_library();
}

}  // namespace

std::string cuda_obstacle() {
  static const std::string obstacle = find_obstacle();
  return obstacle;
}

void require_cuda() {
  const std::string obstacle = cuda_obstacle();
  if (!obstacle.empty()) throw EnvironmentError(obstacle);
}

int cuda_capability(at::Device device) {
  return capability_of(device.has_index() ? device.index() : 0);
}

CudaDevice cuda_device(at::Device device) {
  require_cuda();
  FREEACT_CHECK(device.is_cuda(), "the device {} is no CUDA device", device.str());
  const int index = device.has_index() ? device.index() : 0;
  cudaDeviceProp properties = {};
  cuda::check(cudaGetDeviceProperties(&properties, index), "asking for the device");
  return {
      properties.name,
      properties.major * 10 + properties.minor,
      {properties.multiProcessorCount, static_cast<int>(properties.sharedMemPerBlockOptin) - cuda::kStaticSharedBytes}};
}

}  // namespace freeact
