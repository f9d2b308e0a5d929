#include "embedded/training_run.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "embedded/adam.h"
#include "embedded/batches.h"
#include "embedded/network.h"
#include "embedded/scopes.h"
#include "tokenizer/byte_level_writer.h"
#include "util/error.h"
#include "util/progress.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStateFile = "state.safetensors";
constexpr int64_t kLossWindow = 20;  // steps a shown loss is averaged over

// Losses of the steps since the last row of the curve.
struct LossSums {
  std::map<std::string, double> by_puzzle;
  int64_t steps = 0;
};

// Matrix products in bfloat16 while it lives; weights, norms and losses stay in float32.
class Bfloat16Products {
 public:
  explicit Bfloat16Products(bool wanted) : before_(at::autocast::is_autocast_enabled(at::kCPU)) {
    at::autocast::set_autocast_enabled(at::kCPU, wanted);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  }
  ~Bfloat16Products() {
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, before_);
  }
  Bfloat16Products(const Bfloat16Products&) = delete;
  Bfloat16Products& operator=(const Bfloat16Products&) = delete;

 private:
  bool before_;
};

class TrainingRun {
 public:
  TrainingRun(const TrainingRecipe& recipe, const fs::path& progress_dir, const CurveListener& on_row)
      : recipe_(recipe),
        progress_dir_(progress_dir),
        network_(new_network(recipe.network, recipe.seed)),
        optimiser_(named_tensors(network_)),
        tokenizer_(make_tokenizer()),
        curve_(progress_dir / kCurveFile, {recipe.name, recipe_hash(recipe), recipe.steps, recipe.threads}, on_row) {
    for (const std::string& puzzle : recipe.puzzles)
      sources_.emplace(puzzle, PuzzleSource(find_puzzle_kind(puzzle), tokenizer_,
                                            {network_.config.mask_id, network_.config.eos_id}, recipe.seed));
    if (fs::exists(progress_dir / kStateFile)) restore();
  }

  void train(int64_t until, bool quiet) {
    Progress progress("train " + recipe_.name, until - steps_done_, quiet);
    if (steps_done_ > 0) progress.say(fmt::format("going on from step {}", steps_done_));
    for (; steps_done_ < until; save_when_due()) {
      take_step();
      ++steps_done_;
      progress.advance(1, losses_text());
    }
  }

  TrainedNetwork finish() {
    for (auto& [name, tensor] : named_tensors(network_)) tensor.detach_();
    return {std::move(network_), seconds(), curve_.last_row()};
  }

 private:
  Tokenizer make_tokenizer() const {
    write_byte_level_tokenizer(progress_dir_, puzzle_special_tokens());
    return Tokenizer::load(progress_dir_);
  }

  at::Tensor loss_of(const TrainingBatch& batch) const {
    const Bfloat16Products products(recipe_.precision == "bfloat16");
    const at::Tensor logits = network_.logits(batch.ids_BT).flatten(0, 1).to(at::kFloat);
    const at::Tensor losses = at::cross_entropy_loss(logits, batch.targets_BT.flatten(), {}, at::Reduction::None);
    return (losses * batch.weights_BT.flatten()).sum();
  }

  void take_step() {
    for (const auto& [name, source] : sources_) {
      const TrainingBatch batch = source.batch(steps_done_, recipe_.batch_per_puzzle);
      const at::Tensor loss = loss_of(batch);
      loss.backward();
      tokens_ += batch.ids_BT.numel();
      since_row_.by_puzzle[name] += loss.item<double>();
      const auto [mean, first] = losses_.try_emplace(name, loss.item<double>());
      if (!first) mean->second += (loss.item<double>() - mean->second) / kLossWindow;
    }
    ++since_row_.steps;
    optimiser_.step(learning_rate_at(recipe_, steps_done_));
  }

  std::string losses_text() const {
    std::string text = "loss";
    for (const auto& [name, loss] : losses_) text += fmt::format(" {} {:.3f}", name, loss);
    return text;
  }

  double seconds() const { return seconds_before_ + watch_.seconds(); }

  Json curve_row() {
    Json row = {{"step", steps_done_}, {"seconds", std::round(seconds())}, {"tokens", tokens_}};
    for (const auto& [name, sum] : since_row_.by_puzzle)
      row["loss"][name] = sum / static_cast<double>(since_row_.steps);
    since_row_ = {};
    return row;
  }

  // The curve first: a row without its state is dropped when the training goes on, a state without its row never is.
  void save_when_due() {
    if (steps_done_ % recipe_.save_every != 0 && steps_done_ != recipe_.steps) return;
    curve_.add(curve_row());
    write_safetensors(progress_dir_ / kStateFile, optimiser_.state(),
                      {{"recipe", recipe_hash(recipe_)},
                       {"steps", std::to_string(steps_done_)},
                       {"tokens", std::to_string(tokens_)},
                       {"seconds", std::to_string(seconds())}});
  }

  void restore() {
    const SafetensorsFile file(progress_dir_ / kStateFile);
    const auto& about = file.metadata();
    if (!about.contains("recipe") || about.at("recipe") != recipe_hash(recipe_))
      throw UserError("{} is the progress of another recipe: delete the folder or choose another --out",
                      progress_dir_.string());
    steps_done_ = std::stoll(about.at("steps"));
    if (about.contains("tokens")) tokens_ = std::stoll(about.at("tokens"));
    seconds_before_ = std::stod(about.at("seconds"));
    optimiser_.restore(file.load_all(), steps_done_);
    curve_.go_on(steps_done_);
  }

  const TrainingRecipe& recipe_;
  const fs::path progress_dir_;
  Decoder network_;
  Adam optimiser_;
  Tokenizer tokenizer_;
  std::map<std::string, PuzzleSource> sources_;
  std::map<std::string, double> losses_;  // running means, for show
  LossSums since_row_;
  CurveFile curve_;
  int64_t steps_done_ = 0, tokens_ = 0;
  double seconds_before_ = 0;
  Stopwatch watch_;
};

}  // namespace

TrainedNetwork train_network(const TrainingRecipe& recipe, const fs::path& progress_dir, bool quiet, int64_t stop_after,
                             const CurveListener& on_row) {
  const Threads threads(recipe.threads);
  TrainingRun run(recipe, progress_dir, on_row);
  run.train(stop_after > 0 ? std::min(stop_after, recipe.steps) : recipe.steps, quiet);
  return run.finish();
}

}  // namespace freeact
