// Holds the quantisation methods against a folder of fixtures (NAME.json + NAME.safetensors).
#pragma once

#include <filesystem>

#include "verify/check.h"

namespace freeact {

void verify_quant_cases(const std::filesystem::path& folder, const Filter& filter, CheckReport& report);

}  // namespace freeact
