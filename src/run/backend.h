// Where a model lies, and which arithmetic a quantised one computes with.
#pragma once

#include <string>
#include <vector>

#include "config/experiment.h"
#include "model/decoder.h"
#include "prompt/loaded_model.h"

namespace freeact {

// "cpu", "cuda" (the first one) or "cuda:N". Throws UserError with the key for anything else.
at::Device device_of(const BackendConfig& backend);

// Throws UserError with the key unless the backend exists and fits its device, EnvironmentError when this build or this
// machine has no such device. Asks for CUDA, so call it before any tensor is made (kernel/cuda/device.h).
void check_backend(const BackendConfig& backend);

// "NVIDIA H100 80GB HBM3"; empty for the CPU.
std::string device_name(const BackendConfig& backend);

// Where copies of one model lie that share its items, the model's own place first. "cuda" has a copy on each GPU that
// this process sees, or on the first `replicas` of them; "cuda:N" and "cpu" have all copies in that one place, 0 being
// one. Throws EnvironmentError when there are fewer GPUs.
std::vector<BackendConfig> replica_backends(const BackendConfig& backend, int replicas);

// A checkpoint whose tower that sees images lies on the device, and its decoder as well. Itself where that is the CPU.
enum class MovedPart { kVision, kAll };
std::shared_ptr<const LoadedModel> on_device(const std::shared_ptr<const LoadedModel>& model, at::Device device,
                                             MovedPart part);

// The model with its quantised sites on the backend; "simulated" is the model itself. All other parts, and sites with a
// grid of 16 bits, which have no integers to compute with, stay as they are.
Decoder on_backend(Decoder model, const BackendConfig& backend);
// The same for the tower that sees images.
std::shared_ptr<const LoadedModel> vision_on_backend(const std::shared_ptr<const LoadedModel>& model,
                                                     const BackendConfig& backend);

}  // namespace freeact
