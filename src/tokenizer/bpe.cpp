#include "tokenizer/bpe.h"

#include <limits>
#include <queue>

#include "tokenizer/byte_alphabet.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr int32_t kNone = -1;

uint64_t pair_key(int32_t left, int32_t right) {
  return (static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32) | static_cast<uint32_t>(right);
}

}  // namespace

// A linked list over the piece: merging removes the right neighbour in constant time.
struct Bpe::Symbol {
  int32_t id;  // kNone once merged into the symbol on its left
  int32_t previous;
  int32_t next;
};

// A merge that was possible when it was noted; it may be out of date when its turn comes.
struct Bpe::Candidate {
  int32_t rank;
  int32_t left;  // index of the left symbol
  // For a queue that gives the lowest rank first, the leftmost of equals.
  bool operator<(const Candidate& other) const { return rank != other.rank ? rank > other.rank : left > other.left; }
};

Bpe::Bpe(const Vocabulary& vocabulary, const Merges& merges, bool whole_pieces_first, std::string_view where)
    : where_(where) {
  for (int byte = 0; byte < 256; ++byte) {
    const auto found = vocabulary.find(symbol_of_byte(static_cast<uint8_t>(byte)));
    byte_ids_[static_cast<size_t>(byte)] = found == vocabulary.end() ? kNone : found->second;
  }
  const auto id_of = [&](const std::string& entry, size_t rank) {
    const auto found = vocabulary.find(entry);
    if (found == vocabulary.end())
      throw UserError("{}: merge {} ('{}' with '{}') needs the entry '{}', which the vocabulary lacks", where, rank,
                      merges[rank].first, merges[rank].second, entry);
    return found->second;
  };
  merges_.reserve(merges.size());
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    const uint64_t key = pair_key(id_of(left, rank), id_of(right, rank));
    merges_[key] = {static_cast<int32_t>(rank), id_of(left + right, rank)};
  }
  if (!whole_pieces_first) return;
  for (const auto& [entry, id] : vocabulary)
    if (auto bytes = bytes_of_symbols(entry)) whole_.emplace(std::move(*bytes), id);
}

void Bpe::encode(std::string_view piece, std::vector<int64_t>& ids) const {
  if (!whole_.empty()) {
    if (const auto found = whole_.find(std::string(piece)); found != whole_.end()) {
      ids.push_back(found->second);
      return;
    }
  }
  std::vector<Symbol> symbols = byte_symbols(piece);
  merge_all(symbols);
  for (const Symbol& symbol : symbols)
    if (symbol.id != kNone) ids.push_back(symbol.id);
}

std::vector<Bpe::Symbol> Bpe::byte_symbols(std::string_view piece) const {
  if (piece.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max()))
    throw UserError("a piece of {} bytes without a break is too long to encode", piece.size());
  const auto size = static_cast<int32_t>(piece.size());
  std::vector<Symbol> symbols;
  symbols.reserve(piece.size());
  for (int32_t i = 0; i < size; ++i) {
    const auto byte = static_cast<uint8_t>(piece[static_cast<size_t>(i)]);
    if (byte_ids_[byte] == kNone)
      throw UserError("{}: the vocabulary has no entry for byte {:#04x}, which the text holds", where_, byte);
    symbols.push_back({byte_ids_[byte], i - 1, i + 1 < size ? i + 1 : kNone});
  }
  return symbols;
}

const Bpe::Merge* Bpe::find_merge(const std::vector<Symbol>& symbols, int32_t left) const {
  if (left == kNone) return nullptr;
  const Symbol& symbol = symbols[static_cast<size_t>(left)];
  if (symbol.id == kNone || symbol.next == kNone) return nullptr;
  const auto found = merges_.find(pair_key(symbol.id, symbols[static_cast<size_t>(symbol.next)].id));
  return found == merges_.end() ? nullptr : &found->second;
}

void Bpe::merge_all(std::vector<Symbol>& symbols) const {
  std::priority_queue<Candidate> queue;
  const auto note = [&](int32_t left) {
    if (const Merge* merge = find_merge(symbols, left)) queue.push({merge->rank, left});
  };
  for (int32_t i = 0; i < static_cast<int32_t>(symbols.size()); ++i) note(i);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    const Merge* merge = find_merge(symbols, best.left);
    if (merge == nullptr || merge->rank != best.rank) continue;  // a neighbour has been merged away since
    Symbol& left = symbols[static_cast<size_t>(best.left)];
    Symbol& right = symbols[static_cast<size_t>(left.next)];
    left.id = merge->result;
    left.next = right.next;
    right.id = kNone;
    if (left.next != kNone) symbols[static_cast<size_t>(left.next)].previous = best.left;
    note(left.previous);
    note(best.left);
  }
}

}  // namespace freeact
