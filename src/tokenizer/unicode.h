// The little Unicode a byte-level tokenizer needs, on UTF-8 bytes that may be invalid.
#pragma once

#include <string>
#include <string_view>

namespace freeact {

// One code point at the front of a text.
struct CodePoint {
  char32_t value = 0;
  size_t length = 0;  // bytes it takes; for invalid UTF-8 those of the maximal invalid part (Unicode 15, section 3.9)
  bool valid = false;
};

// text must not be empty.
CodePoint first_code_point(std::string_view text);

// The code point that ends the text; a stray byte counts as one invalid part of length 1. text must not be empty.
CodePoint last_code_point(std::string_view text);

// Length in bytes of the longest prefix that is valid UTF-8.
size_t valid_prefix_length(std::string_view text);

// One U+FFFD in place of each maximal invalid part.
std::string replace_invalid_utf8(std::string_view text);

// Canonical composition (NFC). text must be valid UTF-8.
std::string to_nfc(std::string_view text);

// Property White_Space.
bool is_white_space(char32_t value);

// What \w means in Unicode expressions (letters, marks, digits, underscore, joiners): what may not touch an added token
// of the single_word kind.
bool is_word_character(char32_t value);

// Without white space at either end, as Python's str.strip() sees it: the four separators U+001C to U+001F count too.
std::string_view strip(std::string_view text);

}  // namespace freeact
