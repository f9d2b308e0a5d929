#include "scoring/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "util/error.h"

namespace freeact {
namespace {

PCRE2_SPTR units(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

uint32_t compile_options(const Pattern::Options& options) {
  uint32_t bits = PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF;
  if (options.ignore_case) bits |= PCRE2_CASELESS;
  if (options.dot_all) bits |= PCRE2_DOTALL;
  if (options.multi_line) bits |= PCRE2_MULTILINE;
  return bits;
}

// Past the character at `place`: where the next search begins behind an empty match.
size_t next_character(std::string_view text, size_t place) {
  ++place;
  while (place < text.size() && (static_cast<unsigned char>(text[place]) & 0xC0) == 0x80) ++place;
  return place;
}

std::string expanded(const Match& match, std::string_view replacement) {
  std::string result;
  for (size_t i = 0; i < replacement.size(); ++i) {
    const char next = i + 1 < replacement.size() ? replacement[i + 1] : ' ';
    if (replacement[i] != '$' || next < '0' || next > '9') {
      result += replacement[i];
      continue;
    }
    const auto group = static_cast<size_t>(next - '0');
    if (group < match.groups.size()) result += match.groups[group].value_or("");
    ++i;
  }
  return result;
}

}  // namespace

Pattern::Pattern(std::string_view source, Options options) {
  const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), &pcre2_compile_context_free);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);  // the only line end of Python's '.', '^' and '$'
  int error = 0;
  PCRE2_SIZE place = 0;
  pcre2_code* code =
      pcre2_compile(units(source), source.size(), compile_options(options), &error, &place, context.get());
  if (code == nullptr)
    throw UserError("the regular expression '{}' is wrong at character {} (PCRE2 error {})", source, place, error);
  code_.reset(code, [](pcre2_code* owned) { pcre2_code_free(owned); });
}

std::optional<Match> Pattern::match_at(std::string_view text, size_t from, unsigned options) const {
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create_from_pattern(code_.get(), nullptr), &pcre2_match_data_free);
  const int found = pcre2_match(code_.get(), units(text), text.size(), from, options, data.get(), nullptr);
  if (found == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (found < 0)
    throw UserError("a scoring rule gave up on an answer of {} bytes (PCRE2 error {})", text.size(), found);
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data.get());
  Match match{.begin = bounds[0], .end = bounds[1], .groups = {}};
  for (uint32_t i = 0; i < pcre2_get_ovector_count(data.get()); ++i) {
    const bool took_part = bounds[2 * i] != PCRE2_UNSET;
    match.groups.push_back(
        took_part ? std::optional(std::string(text.substr(bounds[2 * i], bounds[2 * i + 1] - bounds[2 * i])))
                  : std::nullopt);
  }
  return match;
}

std::optional<Match> Pattern::search(std::string_view text, size_t from) const {
  return from > text.size() ? std::nullopt : match_at(text, from, 0);
}

std::optional<Match> Pattern::match(std::string_view text) const {
  return match_at(text, 0, PCRE2_ANCHORED);
}

std::optional<Match> Pattern::full_match(std::string_view text) const {
  return match_at(text, 0, PCRE2_ANCHORED | PCRE2_ENDANCHORED);
}

std::vector<Match> Pattern::find_all(std::string_view text) const {
  std::vector<Match> all;
  for (size_t from = 0; from <= text.size();) {
    auto found = search(text, from);
    if (!found) break;
    from = found->end > found->begin ? found->end : next_character(text, found->end);
    all.push_back(*std::move(found));
  }
  return all;
}

template <typename Fn>
std::string Pattern::replaced(std::string_view text, const Fn& by) const {
  std::string result;
  size_t kept = 0;
  for (const Match& found : find_all(text)) {
    result.append(text.substr(kept, found.begin - kept)).append(by(found));
    kept = found.end;
  }
  return result.append(text.substr(kept));
}

std::string Pattern::replace_all(std::string_view text, std::string_view by) const {
  return replaced(text, [&](const Match&) { return by; });
}

std::string Pattern::substitute(std::string_view text, std::string_view replacement) const {
  return replaced(text, [&](const Match& found) { return expanded(found, replacement); });
}

}  // namespace freeact
