// Whole-file reading and writing.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace freeact {

// Throws UserError when the file cannot be read.
std::string read_file(const std::filesystem::path& path);

// Reads and parses; a syntax error is a UserError naming the file and the place.
nlohmann::json read_json(const std::filesystem::path& path);

// Writes beside the target and renames, so that a killed program leaves the old file or the new one, never half of one.
// Creates missing folders. Throws EnvironmentError when the disk refuses.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

}  // namespace freeact
