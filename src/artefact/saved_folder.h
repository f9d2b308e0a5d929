// Writing the folder of a quantised model, whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "artefact/model_format.h"

namespace freeact {

inline constexpr int64_t kShardBytes = 2'000'000'000;  // of tensors a file, which is made whole in memory

struct SaveTarget {
  std::filesystem::path source;  // the checkpoint folder that the model was made of
  std::filesystem::path folder;  // where it goes
  bool replace = false;          // a saved model that is there already
  int64_t shard_bytes = kShardBytes;
};

// Throws UserError unless the folder can be made: it is not there, is empty, or holds a saved model to replace.
void check_target(const SaveTarget& target);

struct SavedSize {
  int64_t bytes = 0;           // of the weight files
  int64_t bfloat16_bytes = 0;  // of the tensors of the published model in bfloat16
};
int64_t bfloat16_bytes(const CheckpointFolder& published);

// Writes beside the folder and renames at the end. Throws UserError as check_target() and tensor_table(),
// EnvironmentError when the disk refuses; what was there before is then as it was.
SavedSize save_model(const ModelToSave& model, const nlohmann::json& made_by, const SaveTarget& target);

}  // namespace freeact
