#include "embedded/adapter_run.h"

#include <ATen/ATen.h>

#include <functional>

#include "embedded/adam.h"
#include "embedded/adapter_evaluation.h"
#include "embedded/scopes.h"
#include "eval/language_puzzles.h"
#include "util/cache.h"
#include "util/error.h"
#include "util/files.h"
#include "util/hash.h"
#include "util/progress.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

struct Source {
  std::string name;
  int64_t sequences;  // in a step
  std::function<std::vector<TrainingSequence>(int64_t step, int64_t count)> draw;
};

LoraSettings lora_settings(const AdapterRecipe& recipe) {
  return {recipe.rank, recipe.scale, recipe.seed};
}

fs::path text_file(const fs::path& file) {
  if (file.is_absolute()) return file;
  return data_folder(file.begin()->string()) / file.lexically_relative(*file.begin());
}

SafetensorsFile start_adapter(const AdapterRecipe& recipe) {
  const fs::path file = recipe.folder / recipe.start;
  if (!fs::exists(file)) throw UserError("the recipe starts from {}, which is missing: train it first", file.string());
  if (sha256_file(file) != recipe.start_sha256)
    throw UserError("{} is another adapter than the one the recipe starts from", file.string());
  return SafetensorsFile(file);
}

class AdapterRun {
 public:
  AdapterRun(const AdapterRecipe& recipe, const fs::path& out_dir, const CurveListener& on_row)
      : recipe_(recipe),
        out_dir_(out_dir),
        base_(cache_folder() / recipe.base),
        tokenizer_(Tokenizer::load(base_)),
        model_(CheckpointFolder(base_), tokenizer_.size(), lora_settings(recipe),
               recipe.precision == "float32" ? at::kFloat : at::kBFloat16),
        optimiser_(model_.parameters()),
        curve_(out_dir / kCurveFile, {recipe.name, recipe_hash(recipe), recipe.steps, recipe.threads}, on_row) {
    if (!recipe.start.empty()) model_.start_from(start_adapter(recipe));
    add_sources();
    loss_sums_.assign(sources_.size(), 0);
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

  TrainedAdapter result() const { return {model_.adapter(), metadata(), seconds(), tokens_}; }

 private:
  void add_sources() {
    const SequenceIds ids = {model_.config().mask_id, model_.config().eos_id};
    for (const PuzzleShare& share : recipe_.puzzles) {
      const PuzzleKind& kind = find_puzzle_kind(share.kind, language_puzzle_kinds());
      auto puzzles = std::make_shared<PuzzleSequences>(kind, tokenizer_, ids, recipe_.seed);
      sources_.push_back(
          {share.kind, share.sequences, [puzzles](int64_t step, int64_t count) { return puzzles->draw(step, count); }});
    }
    for (const TextShare& share : recipe_.texts) {
      auto text = std::make_shared<TextSequences>(text_file(share.file), share.sha256, tokenizer_, recipe_.row_tokens,
                                                  ids.mask, recipe_.seed);
      texts_.push_back(text);
      sources_.push_back(
          {share.file, share.sequences, [text](int64_t step, int64_t count) { return text->draw(step, count); }});
    }
  }

  // The loss of a step is the sum over the sources of the mean over their sequences.
  PackedBatch batch_of_step() const {
    std::vector<TrainingSequence> all;
    for (size_t i = 0; i < sources_.size(); ++i) {
      for (TrainingSequence& sequence : sources_[i].draw(steps_done_, sources_[i].sequences)) {
        sequence.source = static_cast<int64_t>(i);
        for (float& weight : sequence.weights) weight /= static_cast<float>(sources_[i].sequences);
        all.push_back(std::move(sequence));
      }
    }
    return pack(all, recipe_.row_tokens, model_.config().eos_id);
  }

  void take_step() {
    const Stopwatch watch;
    const PackedBatch batch = batch_of_step();
    const at::Tensor weighted_M = model_.losses(batch) * batch.weights_M;
    weighted_M.sum().backward();
    optimiser_.step(learning_rate_at(
        {recipe_.steps, recipe_.warm_up_steps, recipe_.learning_rate, recipe_.constant_share, recipe_.final_rate_share},
        steps_done_));
    tokens_ += batch.tokens;
    last_losses_ = fmt::format("{:.0f} tokens/s, loss", static_cast<double>(batch.tokens) / watch.seconds());
    const at::Tensor losses = at::zeros({std::ssize(sources_)}).index_add(0, batch.sources_M, weighted_M.detach());
    for (size_t i = 0; i < sources_.size(); ++i) {
      const double loss = losses[static_cast<int64_t>(i)].item<double>();
      loss_sums_[i] += loss;
      last_losses_ += fmt::format(" {} {:.2f}", sources_[i].name, loss);
    }
    ++summed_steps_;
  }

  // The curve first: a row without its state is dropped when the training goes on, a state without its row never is.
  std::string save() {
    const Json row = curve_row();
    curve_.add(row);
    write_safetensors(progress_dir() / "adapter.safetensors", model_.adapter(), metadata());
    auto about = metadata();
    about["steps"] = std::to_string(steps_done_);
    about["tokens"] = std::to_string(tokens_);
    about["seconds"] = std::to_string(seconds());
    write_safetensors(state_file(), optimiser_.state(), about);
    return row.dump();
  }

  Json curve_row() {
    Json row = {{"step", steps_done_}, {"seconds", std::round(seconds())}, {"tokens", tokens_}};
    for (size_t i = 0; i < sources_.size(); ++i)
      row["loss"][sources_[i].name] = rounded(loss_sums_[i] / static_cast<double>(summed_steps_));
    loss_sums_.assign(sources_.size(), 0);
    summed_steps_ = 0;
    if (steps_done_ % recipe_.evaluate_every == 0 || steps_done_ == recipe_.steps) evaluate(row);
    return row;
  }

  void evaluate(Json& row) {
    for (const PuzzleShare& share : recipe_.puzzles) {
      const PuzzleKind& kind = find_puzzle_kind(share.kind, language_puzzle_kinds());
      row["exact_match"][share.kind] = rounded(puzzle_accuracy(kind, recipe_.evaluated_items, model_, tokenizer_));
    }
    for (size_t i = 0; i < texts_.size(); ++i) {
      const auto likelihood = text_likelihood(*texts_[i], recipe_.evaluated_items / 2, model_, recipe_.row_tokens);
      for (const auto& [ratio, nll] : likelihood.model) row["nll"][recipe_.texts[i].file][ratio] = rounded(nll);
      for (const auto& [ratio, nll] : likelihood.unigram)
        row["unigram_nll"][recipe_.texts[i].file][ratio] = rounded(nll);
    }
  }

  static double rounded(double value) { return std::round(value * 1e4) / 1e4; }

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
    return {{"format", "pt"},
            {"recipe", recipe_hash(recipe_)},
            {"rank", std::to_string(recipe_.rank)},
            {"scale", fmt::format("{}", recipe_.scale)}};
  }
  double seconds() const { return seconds_before_ + watch_.seconds(); }
  fs::path progress_dir() const { return out_dir_ / "progress"; }
  fs::path state_file() const { return progress_dir() / "state.safetensors"; }

  const AdapterRecipe& recipe_;
  const fs::path out_dir_, base_;
  const Tokenizer tokenizer_;
  AdaptedModel model_;
  Adam optimiser_;
  std::vector<Source> sources_;
  std::vector<std::shared_ptr<TextSequences>> texts_;
  std::vector<double> loss_sums_;  // since the last row of the curve
  int64_t summed_steps_ = 0, steps_done_ = 0, tokens_ = 0;
  CurveFile curve_;
  std::string last_losses_;
  double seconds_before_ = 0;
  Stopwatch watch_;
};

}  // namespace

TrainedAdapter train_adapter(const AdapterRecipe& recipe, const fs::path& out_dir, bool quiet, int64_t stop_after,
                             const CurveListener& on_row) {
  const Threads threads(recipe.threads);
  keep_freed_memory();
  AdapterRun run(recipe, out_dir, on_row);
  run.train(stop_after > 0 ? std::min(stop_after, recipe.steps) : recipe.steps, quiet);
  return run.result();
}

}  // namespace freeact
