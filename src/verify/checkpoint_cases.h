// Holding a model of ours against the stored outputs of its published code.
#pragma once

#include <filesystem>

#include "verify/check.h"

namespace freeact {

// Whether the folder holds reference outputs of a checkpoint (io.json, or tokenizer_cases.json).
bool is_checkpoint_folder(const std::filesystem::path& folder);

// Checks every case of io.json and every group of tokenizer_cases.json that the filter takes; cases are named
// FOLDER/CASE and FOLDER/tokenizer.GROUP. A case that the suite does not understand, or that ends with an error, is a
// failed one; the others go on. Throws UserError when io.json, io.safetensors or
// tokenizer_cases.json itself cannot be read.
void verify_checkpoint(const std::filesystem::path& folder, const Filter& filter, CheckReport& report);

}  // namespace freeact
