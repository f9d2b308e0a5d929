// Finished blocks on disk: what a killed calibration goes on from.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "calibration/driver.h"

namespace freeact {

struct SavedBlock {
  Block block;  // quantised: norms, sites, keys and values; its float weights are not kept
  std::vector<SiteError> errors;
  std::optional<BlockTrainingLog> training;  // none: nothing was trained, or the file is of a version without logs
};

// FOLDER/block_N.safetensors, written atomically. Nothing happens when folder is empty.
void save_block(const std::filesystem::path& folder, int64_t index, const SavedBlock& saved);
// False when there is no such file, or a broken one (it is then made anew).
bool load_block(const std::filesystem::path& folder, int64_t index, SavedBlock& saved);

}  // namespace freeact
