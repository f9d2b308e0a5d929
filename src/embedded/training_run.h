// The training loop of all that `freeact train` makes: resumable, and the same every time on one machine.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "embedded/curve.h"
#include "embedded/schedule.h"
#include "embedded/trainee.h"

namespace freeact {

// What the loop knows of a recipe; training_of() gives it for each kind.
struct Training {
  std::string name, recipe_hash;
  std::string result_file;  // its name, "adapter.safetensors"
  Schedule schedule;
  int threads = 1;
  std::map<std::string, std::string> metadata;  // of the result's file, beside "format" and "recipe"
  // Untrained. Called where `threads` holds already, since what is computed then depends on it, too.
  std::function<std::unique_ptr<Trainee>()> make_trainee;

  CurveOwner curve_owner(bool trained_now = true) const {
    return {name, recipe_hash, schedule.steps, threads, trained_now};
  }
};

struct TrainingResult {
  TensorMap tensors;                            // as Trainee::tensors() gives them
  std::map<std::string, std::string> metadata;  // of the result's file
  double seconds = 0;                           // of training, those of earlier, killed parts included
  int64_t tokens = 0;
  Json last_row;  // of the curve
};

// Goes on from the state in out_dir/progress, if there is one. Wherever the schedule saves, it saves one there, with
// the result so far, and adds a row to out_dir/curve.jsonl: {"step", "seconds", "tokens", "loss": {part: mean since the
// row before}}, where an evaluation is due also what Trainee::evaluate() gives. The same recipe on the same machine
// gives the same tensors, killed or not. stop_after > 0 leaves at that step, as if killed. on_row: see curve.h. Throws
// UserError when the progress is another recipe's, and what making the trainee throws.
TrainingResult run_training(const Training& training, const std::filesystem::path& out_dir, bool quiet,
                            int64_t stop_after = 0, const CurveListener& on_row = {});

}  // namespace freeact
