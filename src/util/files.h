// Whole-file reading and writing.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace freeact {

// Throws UserError when the file cannot be read.
std::string read_file(const std::filesystem::path& path);

// What a key that stands twice in one object means.
enum class RepeatedKeys { kLastCounts, kRefused };

// Parses JSON text. Broken syntax, a number beyond double, nesting over 64 levels (which would overflow the stack of
// whoever walks the value) and, where refused, a repeated key are a UserError; where names the file.
nlohmann::json parse_json(std::string_view text, const std::string& where,
                          RepeatedKeys repeated = RepeatedKeys::kLastCounts);

// Reads and parses a file, see parse_json.
nlohmann::json read_json(const std::filesystem::path& path);

// Writes beside the target and renames, so that a killed program leaves the old file or the new one, never half of one.
// Creates missing folders. Throws EnvironmentError when the disk refuses.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

}  // namespace freeact
