#include "embedded/vision_run.h"

#include <ATen/ATen.h>

#include <cmath>
#include <map>

#include "embedded/adam.h"
#include "embedded/scopes.h"
#include "embedded/vision_trainee.h"
#include "util/error.h"
#include "util/progress.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

class VisionRun {
 public:
  VisionRun(const VisionRecipe& recipe, const fs::path& out_dir, const CurveListener& on_row)
      : recipe_(recipe),
        out_dir_(out_dir),
        trainee_(recipe.is_tower() ? tower_trainee(recipe) : adapter_trainee(recipe)),
        optimiser_(trainee_->parameters()),
        curve_(out_dir / kCurveFile, {recipe.name, recipe_hash(recipe), recipe.steps, recipe.threads}, on_row) {
    if (fs::exists(state_file())) restore();
  }

  void train(int64_t until, bool quiet) {
    Progress progress("train " + recipe_.name, until - steps_done_, quiet);
    if (steps_done_ > 0) progress.say(fmt::format("going on from step {}", steps_done_));
    while (steps_done_ < until) {
      take_step();
      ++steps_done_;
      progress.advance(1, last_losses_);
      if (steps_done_ % recipe_.save_every == 0 || steps_done_ == recipe_.steps) progress.say(save());
    }
  }

  TrainedAdapter result() const { return {trainee_->tensors(), metadata(), seconds(), tokens_}; }

 private:
  void take_step() {
    const StepLosses losses = trainee_->losses(steps_done_);
    at::Tensor sum;
    for (const auto& [name, loss] : losses.parts) sum = sum.defined() ? sum + loss : loss;
    sum.backward();
    optimiser_.step(learning_rate_at(
        {recipe_.steps, recipe_.warm_up_steps, recipe_.learning_rate, recipe_.constant_share, recipe_.final_rate_share},
        steps_done_));
    tokens_ += losses.tokens;
    last_losses_ = "loss";
    for (const auto& [name, loss] : losses.parts) {
      const auto value = loss.item<double>();
      loss_sums_[name] += value;
      last_losses_ += fmt::format(" {} {:.3f}", name, value);
    }
    ++summed_steps_;
  }

  // The curve first: a row without its state is dropped when the training goes on, a state without its row never is.
  std::string save() {
    const Json row = curve_row();
    curve_.add(row);
    write_safetensors(progress_dir() / "adapter.safetensors", trainee_->tensors(), metadata());
    auto about = metadata();
    about["steps"] = std::to_string(steps_done_);
    about["tokens"] = std::to_string(tokens_);
    about["seconds"] = std::to_string(seconds());
    write_safetensors(state_file(), optimiser_.state(), about);
    return row.dump();
  }

  Json curve_row() {
    Json row = {{"step", steps_done_}, {"seconds", std::round(seconds())}, {"tokens", tokens_}};
    for (const auto& [name, sum] : loss_sums_)
      row["loss"][name] = std::round(sum / static_cast<double>(summed_steps_) * 1e4) / 1e4;
    loss_sums_.clear();
    summed_steps_ = 0;
    if (steps_done_ % recipe_.evaluate_every == 0 || steps_done_ == recipe_.steps) row.update(trainee_->evaluate());
    return row;
  }

  void restore() {
    const SafetensorsFile file(state_file());
    const auto& about = file.metadata();
    if (!about.contains("recipe") || about.at("recipe") != recipe_hash(recipe_))
      throw UserError("{} is the progress of another recipe: delete the folder or choose another --out",
                      progress_dir().string());
    steps_done_ = std::stoll(about.at("steps"));
    tokens_ = std::stoll(about.at("tokens"));
    seconds_before_ = std::stod(about.at("seconds"));
    optimiser_.restore(file.load_all(), steps_done_);
    curve_.go_on(steps_done_);
  }

  std::map<std::string, std::string> metadata() const {
    return {{"format", "pt"}, {"recipe", recipe_hash(recipe_)}, {"scale", fmt::format("{}", recipe_.scale)}};
  }
  double seconds() const { return seconds_before_ + watch_.seconds(); }
  fs::path progress_dir() const { return out_dir_ / "progress"; }
  fs::path state_file() const { return progress_dir() / "state.safetensors"; }

  const VisionRecipe& recipe_;
  const fs::path out_dir_;
  std::unique_ptr<VisionTrainee> trainee_;
  Adam optimiser_;
  std::map<std::string, double> loss_sums_;  // since the last row of the curve
  int64_t summed_steps_ = 0, steps_done_ = 0, tokens_ = 0;
  CurveFile curve_;
  std::string last_losses_;
  double seconds_before_ = 0;
  Stopwatch watch_;
};

}  // namespace

TrainedAdapter train_vision(const VisionRecipe& recipe, const fs::path& out_dir, bool quiet, int64_t stop_after,
                            const CurveListener& on_row) {
  const Threads threads(recipe.threads);
  keep_freed_memory();
  VisionRun run(recipe, out_dir, on_row);
  run.train(stop_after > 0 ? std::min(stop_after, recipe.steps) : recipe.steps, quiet);
  return run.result();
}

}  // namespace freeact
