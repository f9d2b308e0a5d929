// Going on from the result of an earlier training.
#pragma once

#include <filesystem>
#include <string>

#include "checkpoint/safetensors.h"

namespace freeact {

// Throws UserError when the file is missing or has another SHA-256.
SafetensorsFile open_start_file(const std::filesystem::path& path, const std::string& sha256);

// Copies a file's tensor over a parameter. Throws UserError when the shapes differ.
void start_parameter(const SafetensorsFile& file, const std::string& name, const at::Tensor& parameter);

}  // namespace freeact
