// Which arithmetic a quantised model computes with.
#pragma once

#include "config/experiment.h"
#include "model/decoder.h"
#include "prompt/loaded_model.h"

namespace freeact {

// Throws UserError with the key unless the backend exists and this build has it.
void check_backend(const BackendConfig& backend);

// The model with its quantised sites on the backend; "simulated" is the model itself. All other parts, and sites with a
// grid of 16 bits, which have no integers to compute with, stay as they are.
Decoder on_backend(Decoder model, const BackendConfig& backend);
// The same for the tower that sees images.
std::shared_ptr<const LoadedModel> vision_on_backend(const std::shared_ptr<const LoadedModel>& model,
                                                     const BackendConfig& backend);

}  // namespace freeact
