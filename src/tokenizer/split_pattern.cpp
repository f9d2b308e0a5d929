#include "tokenizer/split_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

#include "util/error.h"

namespace freeact {
namespace {

std::string pcre2_message(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

// PCRE2's \s takes U+180E for a space, which lost that property in Unicode 6.3; the tokenizers' engines follow the
// property.
std::string with_unicode_white_space(std::string_view pattern) {
  std::string result;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '\\' || i + 1 == pattern.size()) {
      result += pattern[i];
      continue;
    }
    const char escaped = pattern[++i];
    if (escaped == 's') {
      result += "\\p{White_Space}";
    } else if (escaped == 'S') {
      result += "\\P{White_Space}";
    } else {
      result += {'\\', escaped};
    }
  }
  return result;
}

const PCRE2_UCHAR* units(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

// Number of the match found from offset on, or a negative PCRE2 code. The machine-code matcher can run out of its small
// stack where the interpreter has the heap.
int match_from(const pcre2_code* code, std::string_view text, size_t offset, pcre2_match_data* data) {
  // The caller vouches for valid UTF-8; checking at every call would make long texts quadratic.
  const int found = pcre2_match(code, units(text), text.size(), offset, PCRE2_NO_UTF_CHECK, data, nullptr);
  if (found != PCRE2_ERROR_JIT_STACKLIMIT) return found;
  return pcre2_match(code, units(text), text.size(), offset, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data, nullptr);
}

}  // namespace

SplitPattern::SplitPattern(std::string_view pattern, PatternKind kind, std::string_view where) : pattern_(pattern) {
  const bool literal = kind == PatternKind::kLiteral;
  const std::string source = literal ? pattern_ : with_unicode_white_space(pattern);
  const uint32_t options = PCRE2_UTF | (literal ? static_cast<uint32_t>(PCRE2_LITERAL) : PCRE2_UCP);
  int error = 0;
  PCRE2_SIZE place = 0;
  pcre2_code* code = pcre2_compile(units(source), source.size(), options, &error, &place, nullptr);
  if (code == nullptr)
    throw UserError("{}: cannot use the split pattern '{}': {} (at character {})", where, pattern_,
                    pcre2_message(error), place);
  code_.reset(code, [](pcre2_code* owned) { pcre2_code_free(owned); });
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // where it fails, the interpreter gives the same pieces
}

void SplitPattern::split(std::string_view text, std::vector<std::string_view>& pieces) const {
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create_from_pattern(code_.get(), nullptr), &pcre2_match_data_free);
  size_t piece_begin = 0;
  size_t search_from = 0;
  while (search_from < text.size()) {
    const int found = match_from(code_.get(), text, search_from, data.get());
    if (found == PCRE2_ERROR_NOMATCH) break;
    if (found < 0) throw UserError("the split pattern '{}' fails on a text: {}", pattern_, pcre2_message(found));
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data.get());
    const size_t begin = bounds[0], end = bounds[1];
    if (end <= begin) {  // an empty match cuts nothing: look again after this character
      search_from = begin + 1;
      while (search_from < text.size() && (text[search_from] & 0xC0) == 0x80) ++search_from;
      continue;
    }
    if (begin > piece_begin) pieces.push_back(text.substr(piece_begin, begin - piece_begin));
    pieces.push_back(text.substr(begin, end - begin));
    piece_begin = search_from = end;
  }
  if (piece_begin < text.size()) pieces.push_back(text.substr(piece_begin));
}

}  // namespace freeact
