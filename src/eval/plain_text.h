// A file of running text, read in stretches: what autoregressive models are calibrated and scored on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace freeact {

class PlainText {
 public:
  // Throws UserError when the file cannot be read or is no valid UTF-8.
  explicit PlainText(const std::filesystem::path& file);

  int64_t num_characters() const { return num_characters_; }  // Unicode code points

  // The first num_tokens ids of the text that starts at a character. Throws UserError when the text ends before.
  std::vector<int64_t> tokens(const Tokenizer& tokenizer, int64_t offset, int64_t num_tokens) const;

 private:
  size_t byte_of(int64_t character) const;

  std::string where_, text_;
  int64_t num_characters_;
};

}  // namespace freeact
