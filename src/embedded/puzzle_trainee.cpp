#include "embedded/puzzle_trainee.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

#include <map>

#include "embedded/batches.h"
#include "embedded/network.h"
#include "tokenizer/byte_level_writer.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

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

Tokenizer write_tokenizer(const fs::path& folder) {
  write_byte_level_tokenizer(folder, puzzle_special_tokens(),
                             {{"eos_token", kEndToken}, {"pad_token", kEndToken}, {"mask_token", kMaskToken}});
  return Tokenizer::load(folder);
}

class PuzzleTrainee : public Trainee {
 public:
  PuzzleTrainee(const PuzzleRecipe& recipe, const fs::path& folder)
      : recipe_(recipe),
        tokenizer_(write_tokenizer(folder)),
        network_(new_network(recipe.network, recipe.seed)),
        parameters_(named_tensors(network_)) {
    for (const std::string& puzzle : recipe.puzzles)
      sources_.emplace(puzzle, PuzzleSource(find_puzzle_kind(puzzle), tokenizer_,
                                            {network_.config.mask_id, network_.config.eos_id}, recipe.seed));
  }

  const TensorMap& parameters() const override { return parameters_; }

  // Each puzzle by itself, so that one batch is in memory at a time.
  StepLosses add_gradients(int64_t step) override {
    StepLosses losses;
    for (const auto& [name, source] : sources_) {
      const TrainingBatch batch = source.batch(step, recipe_.batch_per_puzzle);
      const at::Tensor loss = loss_of(batch);
      loss.backward();
      losses.parts.emplace_back(name, loss.item<double>());
      losses.tokens += batch.ids_BT.numel();
    }
    return losses;
  }

  TensorMap tensors() const override {
    TensorMap tensors;
    for (const auto& [name, parameter] : parameters_) tensors[name] = parameter.detach().to(at::kBFloat16);
    return tensors;
  }

 private:
  at::Tensor loss_of(const TrainingBatch& batch) const {
    const Bfloat16Products products(recipe_.precision == "bfloat16");
    const at::Tensor logits = network_.logits(batch.ids_BT).flatten(0, 1).to(at::kFloat);
    const at::Tensor losses = at::cross_entropy_loss(logits, batch.targets_BT.flatten(), {}, at::Reduction::None);
    return (losses * batch.weights_BT.flatten()).sum();
  }

  const PuzzleRecipe recipe_;
  const Tokenizer tokenizer_;
  Decoder network_;
  const TensorMap parameters_;
  std::map<std::string, PuzzleSource> sources_;
};

}  // namespace

Training training_of(const PuzzleRecipe& recipe, const fs::path& folder) {
  return {.name = recipe.name,
          .recipe_hash = recipe_hash(recipe),
          .result_file = "model.safetensors",
          .schedule = recipe.schedule,
          .threads = recipe.threads,
          .metadata = {},
          .make_trainee = [recipe, folder] { return std::make_unique<PuzzleTrainee>(recipe, folder); }};
}

}  // namespace freeact
