// How Python handles text: the harnesses' rules lean on it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace freeact {

// What len() counts and indices name; a byte that is no UTF-8 counts as U+FFFD.
std::u32string code_points(std::string_view text);

// str.lower(): one letter may become two (U+0130), and a capital sigma that ends a word becomes a final one.
std::string python_lower(std::string_view text);

// str.split(): the words between white space.
std::vector<std::string> python_split(std::string_view text);

// str.strip(characters), which must be ASCII.
std::string_view python_strip(std::string_view text, std::string_view characters);

}  // namespace freeact
