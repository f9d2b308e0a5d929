#include "bench/training_step.h"

#include <ATen/ATen.h>

#include "bench/random_model.h"
#include "calibration/learning.h"
#include "calibration/site_maxima.h"
#include "ops/ops.h"
#include "util/random.h"

namespace freeact {
namespace {

constexpr int64_t kStepsPerRun = 2;

Decoder random_block(const TrainingShape& s, uint64_t seed) {
  return random_decoder(llama_family(),
                        {{"hidden_size", s.width},
                         {"num_attention_heads", s.heads},
                         {"num_hidden_layers", 1},
                         {"intermediate_size", s.mlp_width},
                         {"vocab_size", 256},
                         {"rms_norm_eps", 1e-5},
                         {"eos_token_id", 0}},
                        seed);
}

std::vector<BlockBatch> random_batches(const Decoder& model, const TrainingShape& s, uint64_t seed) {
  std::vector<BlockBatch> batches;
  for (int64_t i = 0; i < kStepsPerRun; ++i) {
    BlockBatch batch;
    batch.inputs_BTD =
        gaussian({s.sequences, s.tokens, s.width}, derive_seed(seed, fmt::format("inputs {}", i))).to(at::kFloat);
    batch.context = model.context(at::zeros({s.sequences, s.tokens}, at::kLong));
    batch.outputs_BTD = model.blocks[0].forward(batch.inputs_BTD, batch.context, model.config);
    batches.push_back(batch);
  }
  return batches;
}

LearningSettings settings_of(const std::string& rival) {
  LearningSettings settings;
  settings.trainer.epochs = 1;
  settings.block.precision = rival == "bfloat16" ? Precision::kBfloat16 : Precision::kFloat32;
  return settings;
}

// The state of one rival, trained further by every run.
struct Trainee {
  Decoder model;
  std::vector<BlockBatch> batches;
  LearningSettings settings;
  LearnedBlock learned;
};

std::vector<double> train(const Trainee& t) {
  return train_block(t.learned, t.batches, t.model.config, t.settings).losses;
}

std::shared_ptr<Trainee> make_trainee(const Decoder& model, const std::vector<BlockBatch>& batches,
                                      const std::string& rival, uint64_t seed) {
  const LearningSettings settings = settings_of(rival);
  const Grid four_bits = {4, true}, float_grid = {16, true};
  const auto& block = model.blocks[0];
  const auto learned = make_learned_block(block, model.config, {four_bits, four_bits, float_grid, float_grid},
                                          settings.block, collect_maxima(block, batches, model.config), seed);
  return std::make_shared<Trainee>(Trainee{model, batches, settings, learned});
}

Contest training_contest(const TrainingShape& shape, const BenchSettings& settings,
                         const std::vector<std::string>& rivals) {
  const Decoder model = random_block(shape, derive_seed(settings.seed, "random weights"));
  const auto batches = random_batches(model, shape, settings.seed);
  Contest contest;
  contest.model = fmt::format("random Llama block, width {}", shape.width);
  contest.backend = "cpu";
  contest.note = fmt::format("random weights, speed only: width {}, MLP {}, {} sequences of {} tokens", shape.width,
                             shape.mlp_width, shape.sequences, shape.tokens);
  contest.unit = "step";
  contest.units_per_run = kStepsPerRun;
  for (const std::string& name : rivals) {
    const auto trainee = make_trainee(model, batches, name, settings.seed);
    const auto run = [trainee] { train(*trainee); };
    const auto examine = [trainee] {
      const auto losses = train(*trainee);
      return Evidence{.statistics = {{"first_loss", losses.front()}, {"last_loss", losses.back()}}};
    };
    contest.contenders.push_back({name, run, examine});
  }
  return contest;
}

}  // namespace

BenchmarkGroup training_group(const TrainingShape& shape) {
  return {fmt::format("calibration/block_d{}", shape.width),
          fmt::format("a training step of FlatQuant, width {}, MLP {}, {} tokens", shape.width, shape.mlp_width,
                      shape.sequences * shape.tokens),
          {"float32", "bfloat16"},
          [=](const BenchSettings& settings, const std::vector<std::string>& rivals) {
            return training_contest(shape, settings, rivals);
          }};
}

}  // namespace freeact
