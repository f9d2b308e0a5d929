// The training loop of an embedded masked-diffusion model: resumable, and the same every time.
#pragma once

#include <filesystem>

#include "embedded/curve.h"
#include "embedded/recipe.h"
#include "model/decoder.h"

namespace freeact {

struct TrainedNetwork {
  Decoder network;     // float32
  double seconds = 0;  // of training, those of earlier, killed parts included
  Json last_row;       // of the curve
};

// Goes on from the state in progress_dir, if there is one, and saves one there every recipe.save_every steps. The same
// recipe on the same machine gives the same weights, killed or not. stop_after > 0 leaves at that step, as if killed.
// Every saved state adds a row to progress_dir/curve.jsonl: {"step", "seconds", "tokens", "loss": {puzzle: nats}}, the
// losses means since the row before; on_row: see curve.h.
// Throws UserError when progress_dir holds the state of another recipe.
TrainedNetwork train_network(const TrainingRecipe& recipe, const std::filesystem::path& progress_dir, bool quiet,
                             int64_t stop_after = 0, const CurveListener& on_row = {});

}  // namespace freeact
