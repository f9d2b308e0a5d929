// Cutting a text into pieces with the regular expression of a tokenizer file (PCRE2, Unicode classes).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct pcre2_real_code_8;

namespace freeact {

enum class PatternKind { kRegex, kLiteral };

// Every match is a piece, and so is what lies between two matches: the behaviour "Isolated" of Hugging Face's Split.
class SplitPattern {
 public:
  // Throws UserError when the pattern is no valid expression; where names its file and key.
  SplitPattern(std::string_view pattern, PatternKind kind, std::string_view where);

  // text must be valid UTF-8. Appends views into text; joined they are text again.
  void split(std::string_view text, std::vector<std::string_view>& pieces) const;

 private:
  std::string pattern_;
  std::shared_ptr<const pcre2_real_code_8> code_;
};

}  // namespace freeact
