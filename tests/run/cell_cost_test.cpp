#include "run/cell_cost.h"

#include <gtest/gtest.h>

namespace freeact {
namespace {

DecoderConfig tiny() {
  DecoderConfig config;
  config.width = 8;
  config.num_heads = config.num_kv_heads = 2;
  config.head_width = 4;
  config.num_layers = 3;
  config.mlp_width = 16;
  config.vocabulary_rows = 100;
  return config;
}

Experiment experiment(const std::string& method) {
  Experiment e;
  e.method.name = method;
  e.calibration.num_samples = 10;
  return e;
}

constexpr int64_t kBlockWeights = 8 * (4 * 8 + 3 * 16);

TEST(CellCost, TheModelInSixteenBitsNeedsItsWeightsAndOneBatch) {
  const CellCost cost =
      cell_cost(experiment("none"), tiny(), 2, 50, {{.items = 4, .forward_passes = 7, .batch_size = 2, .tokens = 10}});
  EXPECT_EQ(cost.forward_passes, 7);
  EXPECT_EQ(cost.block_passes, 0);
  EXPECT_EQ(cost.weight_bytes, 2 * (3 * kBlockWeights + 2 * 100 * 8));
  EXPECT_EQ(cost.own_bytes, 4 * (20 * 100 + 20 * 2 * 10 + 4 * 20 * 16));  // logits, scores, activations
}

TEST(CellCost, ACalibrationKeepsTheInputsAndOutputsOfOneBlock) {
  const CellCost cost = cell_cost(experiment("rtn"), tiny(), 2, 50, {});
  EXPECT_EQ(cost.block_passes, 2 * 10 * 3);
  EXPECT_EQ(cost.own_bytes, 2 * 3 * kBlockWeights + 4 * (2 * 20 * 50 * 8 + 3 * kBlockWeights));
}

TEST(CellCost, CellsAtATimeShareTheWeights) {
  const std::vector<CellCost> cells = {{.weight_bytes = 100, .own_bytes = 5},
                                       {.weight_bytes = 100, .own_bytes = 30},
                                       {.weight_bytes = 100, .own_bytes = 20}};
  EXPECT_EQ(memory_of(cells, 1), 130);
  EXPECT_EQ(memory_of(cells, 2), 150);
  EXPECT_EQ(memory_of(cells, 9), 155);
}

TEST(CellCost, ThisMachineTellsItsMemory) {
  EXPECT_GT(machine_memory().total_bytes, 0);
  EXPECT_GE(machine_memory().total_bytes, machine_memory().available_bytes);
}

}  // namespace
}  // namespace freeact
