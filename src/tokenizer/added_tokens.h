// Added tokens: whole strings (control tokens, masks) that are cut out of a text before anything else looks at it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace freeact {

// The flags are those of Hugging Face's AddedToken.
struct AddedToken {
  int64_t id = 0;
  std::string content;
  bool special = false;
  bool normalized = false;   // looked for in the normalised text, not in the raw one
  bool single_word = false;  // only where no word character touches it
  bool lstrip = false;       // swallows the white space before it
  bool rstrip = false;       // swallows the white space after it
};

// A stretch of a text: either an added token or ordinary text (token == nullptr).
struct TextPart {
  std::string_view text;
  const AddedToken* token = nullptr;
};

// Finds added tokens from left to right, the longest of those that begin at a place.
class AddedTokenFinder {
 public:
  explicit AddedTokenFinder(std::vector<AddedToken> tokens);

  // Without empty stretches. Views point into text, tokens into this finder.
  std::vector<TextPart> cut(std::string_view text) const;

 private:
  const AddedToken* longest_at(std::string_view text, size_t place) const;

  // Indexed by the first byte of the content; in each list the longest first.
  std::array<std::vector<AddedToken>, 256> by_first_byte_;
};

}  // namespace freeact
