// The training loop of an adapter: resumable, and the same every time on one machine.
#pragma once

#include <filesystem>

#include "checkpoint/safetensors.h"
#include "embedded/adapter_recipe.h"
#include "embedded/curve.h"

namespace freeact {

struct TrainedAdapter {
  TensorMap tensors;                            // as AdaptedModel::adapter() gives them
  std::map<std::string, std::string> metadata;  // of the adapter file
  double seconds = 0;                           // of training, those of earlier, killed parts included
  int64_t tokens = 0;
};

// Goes on from the state in out_dir/progress, if there is one. Every recipe.save_every steps it saves one there, with
// the adapter so far, and adds a row to out_dir/curve.jsonl: {"step", "seconds", "tokens", "loss": {source: nats}},
// where an evaluation is due also "exact_match": {puzzle: %} and "nll" and "unigram_nll": {mask ratio: nats}, all on
// held-out items. stop_after > 0 leaves at that step, as if killed. Throws UserError when base, texts or progress do
// not fit the recipe. on_row: see curve.h.
TrainedAdapter train_adapter(const AdapterRecipe& recipe, const std::filesystem::path& out_dir, bool quiet,
                             int64_t stop_after = 0, const CurveListener& on_row = {});

}  // namespace freeact
