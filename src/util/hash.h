// SHA-256, as lower-case hexadecimal.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace freeact {

std::string sha256(std::string_view bytes);

// Throws UserError when the file cannot be read.
std::string sha256_file(const std::filesystem::path& path);

}  // namespace freeact
