// YAML in and out. Scalars are typed by YAML 1.2's core schema, less its octal, hexadecimal and non-finite numbers,
// which stay texts: null, true or false, whole numbers, decimal numbers; everything quoted is a text.
#pragma once

#include <filesystem>
#include <string>

#include "config/tree.h"

namespace freeact {

// Reads a file that holds one group of keys (or nothing). Throws UserError with file and line on malformed YAML,
// duplicate keys, and anything but keys at the top.
Tree load_yaml(const std::filesystem::path& file);

// One value in YAML's notation, as on the command line: 4, [sort, reverse], "a text". place is for the error message.
Json parse_yaml_value(const std::string& text, const std::string& place);

// Text that load_yaml() reads back as the same values.
std::string to_yaml(const Json& values);

// Whether the text can be stored and printed at all.
bool is_utf8(const std::string& text);

}  // namespace freeact
