#include "embedded/adapter_trainee.h"

#include <ATen/ATen.h>

#include <cmath>
#include <functional>

#include "embedded/adapter_evaluation.h"
#include "embedded/start_file.h"
#include "eval/language_puzzles.h"
#include "util/cache.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

struct Source {
  std::string name;
  int64_t sequences;  // in a step
  std::function<std::vector<TrainingSequence>(int64_t step, int64_t count)> draw;
};

fs::path text_file(const fs::path& file) {
  if (file.is_absolute()) return file;
  return data_folder(file.begin()->string()) / file.lexically_relative(*file.begin());
}

double rounded(double value) {
  return std::round(value * 1e4) / 1e4;
}

class AdapterTrainee : public Trainee {
 public:
  explicit AdapterTrainee(const AdapterRecipe& recipe)
      : recipe_(recipe),
        base_(cache_folder() / recipe.base),
        tokenizer_(Tokenizer::load(base_)),
        model_(CheckpointFolder(base_), tokenizer_.size(), {recipe.rank, recipe.scale, recipe.seed},
               recipe.precision == "float32" ? at::kFloat : at::kBFloat16) {
    if (!recipe.start.empty()) model_.start_from(open_start_file(recipe.folder / recipe.start, recipe.start_sha256));
    add_sources();
  }

  const TensorMap& parameters() const override { return model_.parameters(); }
  TensorMap tensors() const override { return model_.adapter(); }

  // The loss of a step is the sum over the sources of the mean over their sequences.
  StepLosses add_gradients(int64_t step) override {
    const PackedBatch batch = batch_of(step);
    const at::Tensor weighted_M = model_.losses(batch) * batch.weights_M;
    const at::Tensor losses_S = at::zeros({std::ssize(sources_)}).index_add(0, batch.sources_M, weighted_M);
    std::vector<std::pair<std::string, at::Tensor>> parts;
    for (size_t i = 0; i < sources_.size(); ++i)
      parts.emplace_back(sources_[i].name, losses_S[static_cast<int64_t>(i)]);
    return add_gradients_of(parts, batch.tokens);
  }

  Json evaluate() override {
    Json row;
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
    return row;
  }

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

  PackedBatch batch_of(int64_t step) const {
    std::vector<TrainingSequence> all;
    for (size_t i = 0; i < sources_.size(); ++i) {
      for (TrainingSequence& sequence : sources_[i].draw(step, sources_[i].sequences)) {
        sequence.source = static_cast<int64_t>(i);
        for (float& weight : sequence.weights) weight /= static_cast<float>(sources_[i].sequences);
        all.push_back(std::move(sequence));
      }
    }
    return pack(all, recipe_.row_tokens, model_.config().eos_id);
  }

  const AdapterRecipe recipe_;
  const fs::path base_;
  const Tokenizer tokenizer_;
  AdaptedModel model_;
  std::vector<Source> sources_;
  std::vector<std::shared_ptr<TextSequences>> texts_;
};

}  // namespace

Training training_of(const AdapterRecipe& recipe) {
  return {.name = recipe.name,
          .recipe_hash = recipe_hash(recipe),
          .result_file = "adapter.safetensors",
          .schedule = recipe.schedule,
          .threads = recipe.threads,
          .metadata = {{"rank", std::to_string(recipe.rank)}, {"scale", fmt::format("{}", recipe.scale)}},
          .make_trainee = [recipe] { return std::make_unique<AdapterTrainee>(recipe); }};
}

}  // namespace freeact
