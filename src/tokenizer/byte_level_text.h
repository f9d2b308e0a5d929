// Byte-level BPE: normalise, cut at added tokens once more, split into pieces, merge the bytes of each piece.
#pragma once

#include "tokenizer/added_tokens.h"
#include "tokenizer/bpe.h"
#include "tokenizer/split_pattern.h"
#include "tokenizer/text_model.h"
#include "tokenizer/tokenizer_files.h"

namespace freeact {

class ByteLevelText : public TextModel {
 public:
  // Throws UserError on merges that do not fit the vocabulary.
  explicit ByteLevelText(const TokenizerFiles& files);

  void encode(std::string_view text, std::vector<int64_t>& ids) const override;

  // The bytes of all tokens joined, then one U+FFFD per maximal invalid part.
  std::string decode(std::span<const int64_t> ids) const override;

 private:
  void encode_valid(std::string_view text, std::vector<int64_t>& ids) const;
  void encode_plain(std::string_view text, std::vector<int64_t>& ids) const;

  std::vector<std::string> bytes_;  // id -> the bytes it decodes to
  bool nfc_;
  AddedTokenFinder normalized_added_;
  std::vector<SplitPattern> patterns_;
  Bpe bpe_;
};

}  // namespace freeact
