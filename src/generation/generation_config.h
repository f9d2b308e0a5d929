// generation_config.json of a checkpoint folder: how its makers decode.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace freeact {

// Sampling settings of the file (temperature and the like) mean nothing to greedy decoding and are not read.
struct GenerationConfig {
  std::vector<int64_t> stop_ids;    // "eos_token_id", one or a list
  double repetition_penalty = 1.0;  // 1: none
};

// The defaults where the folder has no such file. Throws UserError on a value of a wrong type.
GenerationConfig read_generation_config(const std::filesystem::path& folder);

}  // namespace freeact
