// Writing a checkpoint folder in several files with their index, as large models are published.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "checkpoint/safetensors.h"
#include "util/files.h"

namespace freeact {

inline std::string shard_name(size_t shard, size_t shards) {
  return fmt::format("model-{:05}-of-{:05}.safetensors", shard + 1, shards);
}

inline void write_index(const std::filesystem::path& folder, const std::map<std::string, std::string>& file_of) {
  const nlohmann::json index = {{"metadata", {{"total_size", 0}}}, {"weight_map", file_of}};
  write_file_atomically(folder / "model.safetensors.index.json", index.dump());
}

// One file is model.safetensors without an index. With more, neighbours in name order go to different files.
inline void write_checkpoint(const std::filesystem::path& folder, const nlohmann::json& config,
                             const TensorMap& tensors, size_t shards) {
  write_file_atomically(folder / "config.json", config.dump());
  if (shards == 1) return write_safetensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
  std::vector<TensorMap> parts(shards);
  std::map<std::string, std::string> file_of;
  size_t next = 0;
  for (const auto& [name, tensor] : tensors) {
    const size_t shard = next++ % shards;
    parts[shard][name] = tensor;
    file_of[name] = shard_name(shard, shards);
  }
  for (size_t i = 0; i < shards; ++i) write_safetensors(folder / shard_name(i, shards), parts[i], {{"format", "pt"}});
  write_index(folder, file_of);
}

}  // namespace freeact
