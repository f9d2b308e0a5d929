#include "run/cell_cost.h"

#include <algorithm>
#include <fstream>

#include "util/error.h"

namespace freeact {
namespace {

constexpr int64_t kFloatBytes = 4;

int64_t block_weights(const DecoderConfig& c) {
  const int64_t queries = c.num_heads * c.head_width, keys = c.num_kv_heads * c.head_width;
  return c.width * (2 * queries + 2 * keys + 3 * c.mlp_width);
}

int64_t vocabulary_weights(const DecoderConfig& c) {
  return (c.tied_head ? 1 : 2) * c.vocabulary_rows * c.width;
}

int64_t decoder_weights(const DecoderConfig& c) {
  return c.num_layers * block_weights(c) + vocabulary_weights(c);
}

// One batch goes through the model: its logits, one layer's scores, and its widest activation a few times.
int64_t batch_bytes(const TaskCost& task, const DecoderConfig& c) {
  const int64_t rows = task.batch_size * task.tokens;
  return kFloatBytes * (rows * c.vocabulary_rows + rows * c.num_heads * task.tokens + 4 * rows * c.mlp_width);
}

// Sequences to learn from, and as many to measure on.
int64_t num_sequences(const CalibrationConfig& calibration) {
  return 2 * static_cast<int64_t>(calibration.num_samples);
}

int64_t inputs_and_outputs_bytes(const CalibrationConfig& calibration, const DecoderConfig& c, int64_t tokens) {
  return kFloatBytes * 2 * num_sequences(calibration) * tokens * c.width;
}

// The block, its gradients, its rounded copy.
int64_t one_block_bytes(const DecoderConfig& c) {
  return kFloatBytes * 3 * block_weights(c);
}

// Codes of 8 bits, whatever the grid, and the floats beside them.
int64_t quantised_device_bytes(const DecoderConfig& c) {
  return c.num_layers * block_weights(c) + kFloatBytes * vocabulary_weights(c);
}

}  // namespace

CellCost cell_cost(const Experiment& e, const DecoderConfig& model, int64_t bytes_per_weight,
                   int64_t calibration_tokens, const std::vector<TaskCost>& tasks) {
  CellCost cost;
  cost.weight_bytes = bytes_per_weight * decoder_weights(model);
  int64_t evaluation = 0;
  for (const TaskCost& task : tasks) {
    cost.forward_passes += task.forward_passes;
    evaluation = std::max(evaluation, batch_bytes(task, model));
  }
  const bool on_gpu = e.backend.device != "cpu";
  if (e.method.name == "none") {
    (on_gpu ? cost.device_bytes : cost.own_bytes) = (on_gpu ? cost.weight_bytes : 0) + evaluation;
    return cost;
  }
  cost.block_passes = num_sequences(e.calibration) * model.num_layers;
  const int64_t activations = inputs_and_outputs_bytes(e.calibration, model, calibration_tokens);
  const int64_t block = one_block_bytes(model);
  if (on_gpu) {
    cost.own_bytes = activations;
    cost.device_bytes = quantised_device_bytes(model) + std::max(evaluation, block);
  } else {
    const int64_t quantised = bytes_per_weight * model.num_layers * block_weights(model);
    cost.own_bytes = quantised + std::max(evaluation, activations + block);
  }
  return cost;
}

int64_t memory_of(const std::vector<CellCost>& cells, int64_t workers) {
  std::vector<int64_t> own;
  int64_t weights = 0;
  for (const CellCost& cell : cells) {
    own.push_back(cell.own_bytes);
    weights = std::max(weights, cell.weight_bytes);
  }
  std::ranges::sort(own, std::greater<>());
  own.resize(std::min(own.size(), static_cast<size_t>(workers)));
  for (const int64_t bytes : own) weights += bytes;
  return weights;
}

MachineMemory machine_memory() {
  MachineMemory memory;
  std::ifstream lines("/proc/meminfo");
  std::string name, unit;
  for (int64_t kibibytes = 0; lines >> name >> kibibytes; std::getline(lines, unit)) {
    if (name == "MemTotal:") memory.total_bytes = 1024 * kibibytes;
    if (name == "MemAvailable:") memory.available_bytes = 1024 * kibibytes;
  }
  return memory;
}

std::string gibibytes(int64_t bytes) {
  constexpr double kGiB = int64_t{1} << 30;
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / kGiB);
}

std::string cost_text(const CellCost& cost) {
  const std::string of_gpu =
      cost.device_bytes > 0 ? fmt::format(", {} of the GPU", gibibytes(cost.device_bytes)) : std::string();
  return fmt::format("{} forward passes, {}{}", cost.forward_passes, gibibytes(cost.weight_bytes + cost.own_bytes),
                     of_gpu);
}

}  // namespace freeact
