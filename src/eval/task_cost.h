// What evaluating a task will take, told beforehand.
#pragma once

#include <cstdint>
#include <filesystem>

#include "eval/settings.h"
#include "model/decoder.h"
#include "tokenizer/tokenizer.h"

namespace freeact {

struct TaskCost {
  int64_t items = 0;
  int64_t forward_passes = 0;  // at most: answers may end before max_new_tokens
  int64_t batch_size = 1;      // sequences of one pass
  int64_t tokens = 0;          // of a sequence, as the first item has it; images not counted
};

// Reads the task's data but asks no model. Throws as evaluate_task() does where the data are missing or wrong.
TaskCost task_cost(const std::filesystem::path& datasets, const EvalTaskSettings& settings, const DecoderConfig& model,
                   const Tokenizer& tokenizer);

}  // namespace freeact
