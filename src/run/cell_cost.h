// What a cell will take, told before it starts: forward passes and memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/experiment.h"
#include "eval/task_cost.h"

namespace freeact {

struct CellCost {
  int64_t forward_passes = 0;  // of the whole model, in the evaluation; at most
  int64_t block_passes = 0;    // of one sequence through one block, in the calibration without its training
  int64_t weight_bytes = 0;    // of the 16-bit model, which cells share
  int64_t own_bytes = 0;       // at the highest, of the calibration or of the evaluation
  int64_t device_bytes = 0;    // of the GPU, where the cell computes on one; own_bytes are the host's then
};

// An estimate from shapes: the quantised weights, which simulation keeps as floats; the inputs and outputs of one block
// for all calibration sequences, since the calibration goes block by block; logits, attention scores and the widest
// activation of one evaluation batch. On a GPU, the 16-bit model, or the integers, embedding, head and one block in
// floats; inputs and outputs stay in host memory. Without images' features and what the allocator adds.
// calibration_tokens: of a calibration sequence.
CellCost cell_cost(const Experiment& experiment, const DecoderConfig& model, int64_t bytes_per_weight,
                   int64_t calibration_tokens, const std::vector<TaskCost>& tasks);

// Of `workers` cells at a time, the largest together.
int64_t memory_of(const std::vector<CellCost>& cells, int64_t workers);

// Memory of this machine. Zeros where Linux does not tell.
struct MachineMemory {
  int64_t total_bytes = 0, available_bytes = 0;
};
MachineMemory machine_memory();

// "12,288 forward passes, 3.1 GiB", and ", 9.4 GiB of the GPU" where there is one.
std::string cost_text(const CellCost& cost);
std::string gibibytes(int64_t bytes);

}  // namespace freeact
