// Reading the tokenizer files of a Hugging Face folder into one description, whichever of the published forms it
// has.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/bpe.h"
#include "tokenizer/sentencepiece_model.h"
#include "tokenizer/split_pattern.h"

namespace freeact {

struct TokenizerFiles {
  std::string where;  // the file that holds the vocabulary, for messages
  Vocabulary vocabulary;
  Merges merges;
  bool whole_pieces_first = false;
  bool nfc = false;
  std::vector<SplitPattern> patterns;               // applied in turn, each to the pieces of the one before
  std::vector<AddedToken> added;                    // ascending id, one per id
  std::map<std::string, std::string> roles;         // "bos_token" -> "<|startoftext|>"; roles that are null are absent
  std::set<std::string> skipped;                    // contents that decoding may leave out as special
  std::optional<SentencePieceModel> sentencepiece;  // the pieces, for a vocabulary without merges
  bool clean_up_spaces = false;                     // decoding removes spaces before punctuation (sentencepiece only)

  // tokenizer.json when there is one, else tokenizer.model, else vocab.json + merges.txt, together with
  // tokenizer_config.json, added_tokens.json and special_tokens_map.json where present. Throws UserError naming the
  // file and what is wrong with it.
  static TokenizerFiles read(const std::filesystem::path& folder);

  int64_t highest_id() const;

  // The added tokens that are looked for in the normalised text, or those in the text as it came.
  std::vector<AddedToken> added_with(bool normalized) const;
};

}  // namespace freeact
