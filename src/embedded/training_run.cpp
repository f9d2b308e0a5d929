#include "embedded/training_run.h"

#include <algorithm>
#include <cmath>

#include "embedded/adam.h"
#include "embedded/scopes.h"
#include "util/error.h"
#include "util/progress.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

class TrainingRun {
 public:
  TrainingRun(const Training& training, const fs::path& out_dir, const CurveListener& on_row)
      : training_(training),
        progress_dir_(out_dir / "progress"),
        trainee_(training.make_trainee()),
        optimiser_(trainee_->parameters()),
        curve_(out_dir / kCurveFile, training.curve_owner(), on_row) {
    if (fs::exists(state_file())) restore();
  }

  void train(int64_t until, bool quiet) {
    Progress progress("train " + training_.name, until - steps_done_, quiet);
    if (steps_done_ > 0) progress.say(fmt::format("going on from step {}", steps_done_));
    while (steps_done_ < until) {
      progress.advance(1, take_step());
      if (training_.schedule.saves_after(steps_done_)) progress.say(save());
    }
  }

  TrainingResult result() const { return {trainee_->tensors(), metadata(), seconds(), tokens_, curve_.last_row()}; }

 private:
  std::string take_step() {
    const Stopwatch watch;
    const StepLosses losses = trainee_->add_gradients(steps_done_);
    optimiser_.step(training_.schedule.learning_rate_at(steps_done_));
    ++steps_done_;
    tokens_ += losses.tokens;
    add_to_sums(losses);
    std::string text = fmt::format("{:.0f} tokens/s, loss", static_cast<double>(losses.tokens) / watch.seconds());
    for (const auto& [name, loss] : losses.parts) text += fmt::format(" {} {:.3f}", name, loss);
    return text;
  }

  void add_to_sums(const StepLosses& losses) {
    if (summed_steps_++ == 0) {
      loss_sums_ = losses.parts;
      return;
    }
    for (size_t i = 0; i < loss_sums_.size(); ++i) loss_sums_[i].second += losses.parts[i].second;
  }

  // The curve first: a row without its state is dropped when the training goes on, a state without its row never is.
  std::string save() {
    const Json row = curve_row();
    curve_.add(row);
    write_safetensors(progress_dir_ / training_.result_file, trainee_->tensors(), metadata());
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
    summed_steps_ = 0;
    if (training_.schedule.evaluates_after(steps_done_)) row.update(trainee_->evaluate());
    return row;
  }

  void restore() {
    const SafetensorsFile file(state_file());
    const auto& about = file.metadata();
    if (!about.contains("recipe") || about.at("recipe") != training_.recipe_hash)
      throw UserError("{} is the progress of another recipe: delete the folder or choose another --out",
                      progress_dir_.string());
    steps_done_ = std::stoll(about.at("steps"));
    tokens_ = std::stoll(about.at("tokens"));
    seconds_before_ = std::stod(about.at("seconds"));
    optimiser_.restore(file.load_all(), steps_done_);
    curve_.go_on(steps_done_);
  }

  std::map<std::string, std::string> metadata() const {
    auto all = training_.metadata;
    all["format"] = "pt";
    all["recipe"] = training_.recipe_hash;
    return all;
  }
  double seconds() const { return seconds_before_ + watch_.seconds(); }
  fs::path state_file() const { return progress_dir_ / "state.safetensors"; }

  const Training& training_;
  const fs::path progress_dir_;
  const std::unique_ptr<Trainee> trainee_;
  Adam optimiser_;
  CurveFile curve_;
  std::vector<std::pair<std::string, double>> loss_sums_;  // since the last row of the curve
  int64_t summed_steps_ = 0, steps_done_ = 0, tokens_ = 0;
  double seconds_before_ = 0;
  Stopwatch watch_;
};

}  // namespace

TrainingResult run_training(const Training& training, const fs::path& out_dir, bool quiet, int64_t stop_after,
                            const CurveListener& on_row) {
  const Threads threads(training.threads);
  keep_freed_memory();
  TrainingRun run(training, out_dir, on_row);
  const int64_t steps = training.schedule.steps;
  run.train(stop_after > 0 ? std::min(stop_after, steps) : steps, quiet);
  return run.result();
}

}  // namespace freeact
