#include "run/backend.h"

#include "kernel/cpu/site.h"
#include "kernel/cuda/device.h"
#include "kernel/cuda/site.h"
#include "util/error.h"
#include "util/suggest.h"

namespace freeact {
namespace {

constexpr const char* kCudaDevice = "cuda:0";

std::shared_ptr<const Site> with_integers(const std::shared_ptr<const Site>& site, const BackendConfig& backend) {
  const auto quantised = std::dynamic_pointer_cast<const QuantisedSite>(site);
  if (!quantised) return site;
  const auto integer = backend.name == "cuda" ? cuda_site(quantised, at::Device(kCudaDevice)) : cpu_site(quantised);
  return integer ? integer : site;
}

bool is_simulated(const BackendConfig& backend) {
  return backend.name == "simulated";
}

}  // namespace

void check_backend(const BackendConfig& backend) {
  if (backend.name == "cuda")
    require_cuda();
  else if (!is_simulated(backend) && backend.name != "cpu")
    throw UserError(unknown_name("backend", backend.name, {"simulated", "cpu", "cuda"}, "key 'backend.name': "));
  if (backend.device != "cpu")
    throw UserError(
        "key 'backend.device' is '{}', but models lie on the cpu; integer products on a GPU are backend.name=cuda",
        backend.device);
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
