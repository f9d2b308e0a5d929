// The byte alphabet of byte-level BPE (GPT-2): a printable character for each byte, so that a vocabulary file is
// readable text. Printable bytes of Latin-1 stand for themselves; the 68 others take U+0100 upwards, in byte order ("Ġ"
// is the space).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace freeact {

// UTF-8 of the character that stands for the byte.
const std::string& symbol_of_byte(uint8_t byte);

// The bytes a vocabulary entry stands for; nothing when it holds a character outside the alphabet.
std::optional<std::string> bytes_of_symbols(std::string_view symbols);

// Lower places come first in the published vocabularies: '!' to '~', then the rest of Latin-1, then the 68 others.
// place 0..255 -> byte.
uint8_t byte_at_place(int place);

}  // namespace freeact
