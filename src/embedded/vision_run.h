// The training loop of the embedded vision-language model: resumable, and the same every time on one machine.
#pragma once

#include <filesystem>

#include "embedded/adapter_run.h"
#include "embedded/vision_recipe.h"

namespace freeact {

// Goes on from the state in out_dir/progress, if there is one. Every recipe.save_every steps it saves one there, with
// the tensors so far, and adds a row to out_dir/curve.jsonl: {"step", "seconds", "tokens", "loss": {part: mean}},
// where an evaluation is due also what VisionTrainee::evaluate() gives. stop_after > 0 leaves at that step, as if
// killed. Throws UserError when base, pictures, start or progress do not fit the recipe. on_row: see curve.h.
TrainedAdapter train_vision(const VisionRecipe& recipe, const std::filesystem::path& out_dir, bool quiet,
                            int64_t stop_after = 0, const CurveListener& on_row = {});

}  // namespace freeact
