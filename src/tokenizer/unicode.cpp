#include "tokenizer/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "util/error.h"

namespace freeact {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// What a lead byte announces. The range of the second byte excludes overlong forms, surrogates and values past
// U+10FFFF.
struct Sequence {
  size_t length;  // 0: no lead byte
  unsigned char second_low, second_high;
  char32_t bits;  // of the lead byte
};

Sequence announced_by(unsigned char lead) {
  if (lead < 0x80) return {1, 0, 0, lead};
  if (lead < 0xC2) return {0, 0, 0, 0};
  if (lead < 0xE0) return {2, 0x80, 0xBF, lead & 0x1Fu};
  if (lead < 0xF0) {
    const unsigned char low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned char high = lead == 0xED ? 0x9F : 0xBF;
    return {3, low, high, lead & 0x0Fu};
  }
  if (lead < 0xF5) {
    const unsigned char low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xF4 ? 0x8F : 0xBF;
    return {4, low, high, lead & 0x07u};
  }
  return {0, 0, 0, 0};
}

bool is_stripped(const CodePoint& point) {
  return point.valid && (is_white_space(point.value) || (point.value >= 0x1C && point.value <= 0x1F));
}

}  // namespace

CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const Sequence sequence = announced_by(byte(0));
  CodePoint point{sequence.bits, 1, sequence.length > 0};
  while (point.valid && point.length < sequence.length) {
    const unsigned char low = point.length == 1 ? sequence.second_low : 0x80;
    const unsigned char high = point.length == 1 ? sequence.second_high : 0xBF;
    if (point.length == text.size() || byte(point.length) < low || byte(point.length) > high) {
      point.valid = false;
    } else {
      point.value = (point.value << 6) | (byte(point.length) & 0x3Fu);
      ++point.length;
    }
  }
  return point;
}

CodePoint last_code_point(std::string_view text) {
  for (size_t length = 1; length <= std::min<size_t>(4, text.size()); ++length) {
    const CodePoint point = first_code_point(text.substr(text.size() - length));
    if (point.valid && point.length == length) return point;
  }
  return {0, 1, false};
}

size_t valid_prefix_length(std::string_view text) {
  size_t length = 0;
  while (length < text.size()) {
    const CodePoint point = first_code_point(text.substr(length));
    if (!point.valid) break;
    length += point.length;
  }
  return length;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const size_t valid = valid_prefix_length(text);
    result += text.substr(0, valid);
    text.remove_prefix(valid);
    if (text.empty()) break;
    result += kReplacement;
    text.remove_prefix(first_code_point(text).length);
  }
  return result;
}

std::string to_nfc(std::string_view text) {
  utf8proc_uint8_t* composed = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &composed, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  FREEACT_CHECK(length >= 0, "NFC of {} bytes: {}", text.size(), utf8proc_errmsg(length));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(composed, &std::free);
  return {reinterpret_cast<const char*>(composed), static_cast<size_t>(length)};
}

bool is_white_space(char32_t value) {
  return (value >= 0x09 && value <= 0x0D) || value == 0x20 || value == 0x85 || value == 0xA0 || value == 0x1680 ||
         (value >= 0x2000 && value <= 0x200A) || value == 0x2028 || value == 0x2029 || value == 0x202F ||
         value == 0x205F || value == 0x3000;
}

bool is_word_character(char32_t value) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(value));
  const bool joins = value == 0x200C || value == 0x200D;
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NL) || category == UTF8PROC_CATEGORY_PC ||
         joins;
}

std::string_view strip(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (!is_stripped(point)) break;
    text.remove_prefix(point.length);
  }
  while (!text.empty()) {
    const CodePoint point = last_code_point(text);
    if (!is_stripped(point)) break;
    text.remove_suffix(point.length);
  }
  return text;
}

}  // namespace freeact
