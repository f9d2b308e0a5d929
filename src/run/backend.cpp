#include "run/backend.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include <algorithm>

#include "kernel/cpu/site.h"
#include "kernel/cuda/device.h"
#include "kernel/cuda/site.h"
#include "model/on_device.h"
#include "util/error.h"
#include "util/suggest.h"

namespace freeact {
namespace {

bool is_simulated(const BackendConfig& backend) {
  return backend.name == "simulated";
}

// N of "cuda:N", up to three digits; -1 for anything else.
int index_of(const std::string& device) {
  constexpr size_t kBegin = 5;
  const bool fits = device.starts_with("cuda:") && device.size() > kBegin && device.size() <= kBegin + 3 &&
                    device.find_first_not_of("0123456789", kBegin) == std::string::npos;
  return fits ? std::stoi(device.substr(kBegin)) : -1;
}

// Both together: integer products of one kind are computed where the model lies.
void check_pair(const BackendConfig& backend, at::Device device) {
  if (backend.name == "cpu" && device.is_cuda())
    throw UserError(
        "key 'backend.device' is '{}', but backend.name=cpu computes with integers on the CPU: write "
        "backend.device=cpu, or backend.name=simulated or cuda",
        backend.device);
  if (backend.name == "cuda" && device.is_cpu())
    throw UserError("key 'backend.name' is 'cuda', but the model lies on the CPU: write backend.device=cuda as well");
}

// Float32 stays float32: PyTorch would round the inputs of convolutions to 10 bits (TF32), and those of matrix products
// where the environment asks for it.
void forbid_tf32() {
  at::globalContext().setAllowTF32CuBLAS(false);
  at::globalContext().setAllowTF32CuDNN(false);
}

int num_gpus() {
  return at::detail::getCUDAHooks().getNumGPUs();
}

void prepare_cuda(at::Device device) {
  require_cuda();
  const int count = num_gpus();
  if (device.index() >= count)
    throw EnvironmentError(
        fmt::format("key 'backend.device' is '{}', but this machine has {} CUDA device{}, counted from 0", device.str(),
                    count, count == 1 ? "" : "s"));
  forbid_tf32();
}

std::shared_ptr<const Site> with_integers(const std::shared_ptr<const Site>& site, const BackendConfig& backend) {
  const auto quantised = std::dynamic_pointer_cast<const QuantisedSite>(site);
  if (!quantised) return site;
  const auto integer = backend.name == "cuda" ? cuda_site(quantised, device_of(backend)) : cpu_site(quantised);
  return integer ? integer : site;
}

}  // namespace

at::Device device_of(const BackendConfig& backend) {
  if (backend.device == "cpu") return at::kCPU;
  const int index = backend.device == "cuda" ? 0 : index_of(backend.device);
  if (index < 0)
    throw UserError("key 'backend.device' must be cpu, cuda or cuda:N (counted from 0), but is '{}'", backend.device);
  return {at::kCUDA, static_cast<at::DeviceIndex>(index)};
}

void check_backend(const BackendConfig& backend) {
  if (!is_simulated(backend) && backend.name != "cpu" && backend.name != "cuda")
    throw UserError(unknown_name("backend", backend.name, {"simulated", "cpu", "cuda"}, "key 'backend.name': "));
  const at::Device device = device_of(backend);
  check_pair(backend, device);
  if (device.is_cuda()) prepare_cuda(device);
}

std::vector<BackendConfig> replica_backends(const BackendConfig& backend, int replicas) {
  if (backend.device != "cuda") return std::vector(static_cast<size_t>(std::max(1, replicas)), backend);
  const int count = num_gpus();
  if (replicas > count)
    throw EnvironmentError("key 'launcher.replicas' is {}, but this machine shows {} GPUs", replicas, count);
  std::vector<BackendConfig> all;
  for (int gpu = 0; gpu < (replicas == 0 ? count : replicas); ++gpu) {
    all.push_back(backend);
    all.back().device = fmt::format("cuda:{}", gpu);
  }
  return all;
}

std::string device_name(const BackendConfig& backend) {
  const at::Device device = device_of(backend);
  return device.is_cuda() ? cuda_device(device).name : "";
}

std::shared_ptr<const LoadedModel> on_device(const std::shared_ptr<const LoadedModel>& model, at::Device device,
                                             MovedPart part) {
  if (device.is_cpu() || (part == MovedPart::kVision && !model->vision)) return model;
  auto moved = std::make_shared<LoadedModel>(*model);
  moved->vision = on_device(model->vision, device);
  if (part == MovedPart::kAll) moved->decoder = on_device(model->decoder, device);
  return moved;
}

Decoder on_backend(Decoder model, const BackendConfig& backend) {
  if (is_simulated(backend)) return model;
  for (auto& block : model.blocks)
    for (auto& site : block.sites) site = with_integers(site, backend);
  return model;
}

std::shared_ptr<const LoadedModel> vision_on_backend(const std::shared_ptr<const LoadedModel>& model,
                                                     const BackendConfig& backend) {
  if (is_simulated(backend) || !model->vision) return model;
  std::unique_ptr<VisionTower> tower = model->vision->clone();
  for (VisionLinear* layer : tower->linears()) layer->site = with_integers(layer->site, backend);
  auto moved = std::make_shared<LoadedModel>(*model);
  moved->vision = std::move(tower);
  return moved;
}

}  // namespace freeact
