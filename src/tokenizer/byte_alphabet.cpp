#include "tokenizer/byte_alphabet.h"

#include <array>
#include <unordered_map>

#include "tokenizer/unicode.h"

namespace freeact {
namespace {

constexpr char32_t kFirstStandIn = 0x100;

struct Alphabet {
  std::array<std::string, 256> symbols;
  std::array<uint8_t, 256> bytes_by_place{};
  std::unordered_map<char32_t, char> bytes;
};

constexpr bool stands_for_itself(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

// All characters of the alphabet lie below U+0800: one or two bytes.
std::string utf8_of(char32_t value) {
  if (value < 0x80) return {static_cast<char>(value)};
  return {static_cast<char>(0xC0 | (value >> 6)), static_cast<char>(0x80 | (value & 0x3F))};
}

Alphabet make_alphabet() {
  Alphabet alphabet;
  size_t place = 0;
  const auto add = [&](int byte, char32_t character) {
    alphabet.symbols[static_cast<size_t>(byte)] = utf8_of(character);
    alphabet.bytes_by_place[place++] = static_cast<uint8_t>(byte);
    alphabet.bytes[character] = static_cast<char>(byte);
  };
  for (int byte = 0; byte < 256; ++byte)
    if (stands_for_itself(byte)) add(byte, static_cast<char32_t>(byte));
  char32_t next = kFirstStandIn;
  for (int byte = 0; byte < 256; ++byte)
    if (!stands_for_itself(byte)) add(byte, next++);
  return alphabet;
}

const Alphabet& alphabet() {
  static const Alphabet made = make_alphabet();
  return made;
}

}  // namespace

const std::string& symbol_of_byte(uint8_t byte) {
  return alphabet().symbols[byte];
}

uint8_t byte_at_place(int place) {
  return alphabet().bytes_by_place.at(static_cast<size_t>(place));
}

std::optional<std::string> bytes_of_symbols(std::string_view symbols) {
  std::string bytes;
  while (!symbols.empty()) {
    const CodePoint point = first_code_point(symbols);
    const auto found = alphabet().bytes.find(point.value);
    if (!point.valid || found == alphabet().bytes.end()) return std::nullopt;
    bytes += found->second;
    symbols.remove_prefix(point.length);
  }
  return bytes;
}

}  // namespace freeact
