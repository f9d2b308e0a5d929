// How large the model of a run is.
#pragma once

#include <cstdint>
#include <optional>

#include "checkpoint/folder.h"
#include "config/experiment.h"
#include "prompt/loaded_model.h"

namespace freeact {

// RunRecord::model_bytes of a model as it runs: the loaded one, whose checkpoint is `source`, with a decoder that may
// be quantised. Nothing where a saved model has no place for what the method does.
std::optional<int64_t> model_bytes(const Experiment& experiment, const Decoder& decoder, const LoadedModel& loaded,
                                   const CheckpointFolder& source);

}  // namespace freeact
