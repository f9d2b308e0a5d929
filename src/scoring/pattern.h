// Regular expressions as Python's `re` reads them on text, which is what the harnesses' rules are written in (PCRE2
// with Unicode classes).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct pcre2_real_code_8;

namespace freeact {

struct Match {
  size_t begin = 0, end = 0;                       // bytes of the whole match
  std::vector<std::optional<std::string>> groups;  // [0] is the whole match; nothing for a group that took no part
  const std::string& text() const { return *groups[0]; }
};

class Pattern {
 public:
  struct Options {
    bool ignore_case = false;  // re.IGNORECASE
    bool dot_all = false;      // re.DOTALL: '.' takes line ends too
    bool multi_line = false;   // re.MULTILINE: '^' and '$' at every line
  };
  // Throws UserError where the source is no expression. Bytes of a text that are no UTF-8 match nothing.
  explicit Pattern(std::string_view source) : Pattern(source, Options{}) {}
  Pattern(std::string_view source, Options options);

  std::optional<Match> search(std::string_view text, size_t from = 0) const;
  // Only where it begins the text, as re.match; only where it is the whole text, as re.fullmatch.
  std::optional<Match> match(std::string_view text) const;
  std::optional<Match> full_match(std::string_view text) const;
  // All matches that do not overlap, as re.finditer.
  std::vector<Match> find_all(std::string_view text) const;
  // re.sub with a plain text.
  std::string replace_all(std::string_view text, std::string_view by) const;
  // re.sub with groups: $0 is the whole match, $1 its first group, nothing where that took no part.
  std::string substitute(std::string_view text, std::string_view replacement) const;

 private:
  std::optional<Match> match_at(std::string_view text, size_t from, unsigned options) const;
  template <typename Fn>
  std::string replaced(std::string_view text, const Fn& by) const;
  std::shared_ptr<const pcre2_real_code_8> code_;
};

}  // namespace freeact
