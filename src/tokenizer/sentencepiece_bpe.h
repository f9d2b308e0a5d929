// Encoding and decoding with the pieces of a sentencepiece BPE model.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/sentencepiece_model.h"

namespace freeact {

class SentencePieceBpe {
 public:
  explicit SentencePieceBpe(SentencePieceModel model);

  // Appends the ids of the text, any bytes, in time n log n. What no piece covers is written in bytes.
  void encode(std::string_view text, std::vector<int64_t>& ids) const;

  // The text of ids 0..size() - 1. Neighbouring bytes are joined; of those that are no valid UTF-8 each gives a U+FFFD.
  // Control pieces give nothing.
  std::string decode(std::span<const int64_t> ids) const;

  size_t size() const { return pieces_.size(); }

 private:
  struct Symbol;
  struct Candidate;
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  void encode_part(std::string_view part, std::vector<int64_t>& ids) const;
  void merge_all(std::vector<Symbol>& symbols) const;
  int32_t id_of(std::string_view piece) const;

  std::vector<SentencePiece> pieces_;
  std::unordered_map<std::string, int32_t, Hash, std::equal_to<>> ids_;  // of the pieces that text can become
  std::array<int64_t, 256> byte_ids_{};
  size_t longest_ = 0;             // bytes of the longest of ids_
  AddedTokenFinder user_defined_;  // pieces that are cut out before anything is merged
};

}  // namespace freeact
