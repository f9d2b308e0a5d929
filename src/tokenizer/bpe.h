// Byte-pair encoding of one piece of text over the byte alphabet.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace freeact {

using Vocabulary = std::unordered_map<std::string, int32_t>;      // entry, written in the byte alphabet -> id
using Merges = std::vector<std::pair<std::string, std::string>>;  // in order of rank, first is merged first

class Bpe {
 public:
  // Throws UserError when a part or the result of a merge is not in the vocabulary; where names the file.
  // whole_pieces_first: a piece that is an entry is taken as it is, whatever the merges say ("ignore_merges").
  Bpe(const Vocabulary& vocabulary, const Merges& merges, bool whole_pieces_first, std::string_view where);

  // Appends the ids of the piece, any bytes, in time n log n. Throws UserError when a byte has no entry of its own.
  void encode(std::string_view piece, std::vector<int64_t>& ids) const;

 private:
  struct Merge {
    int32_t rank;
    int32_t result;
  };
  struct Symbol;
  struct Candidate;

  const Merge* find_merge(const std::vector<Symbol>& symbols, int32_t left) const;
  std::vector<Symbol> byte_symbols(std::string_view piece) const;
  void merge_all(std::vector<Symbol>& symbols) const;

  std::array<int32_t, 256> byte_ids_{};             // -1: no entry
  std::unordered_map<uint64_t, Merge> merges_;      // left id in the upper half, right id in the lower
  std::unordered_map<std::string, int32_t> whole_;  // raw bytes -> id; empty unless whole_pieces_first
  std::string where_;
};

}  // namespace freeact
