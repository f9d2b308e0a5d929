#include "tokenizer/sentencepiece_bpe.h"

#include <algorithm>
#include <queue>

#include "tokenizer/unicode.h"
#include "util/text.h"

namespace freeact {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // U+2581, which stands for a space
constexpr std::string_view kUnknownText = " \xE2\x81\x87 ";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::vector<AddedToken> user_defined_of(const std::vector<SentencePiece>& pieces) {
  std::vector<AddedToken> tokens;
  for (size_t id = 0; id < pieces.size(); ++id)
    if (pieces[id].type == PieceType::kUserDefined)
      tokens.push_back({.id = static_cast<int64_t>(id), .content = pieces[id].text});
  return tokens;
}

// Appends the bytes as text. Other than in the byte-level form, a U+FFFD stands for one byte, not for a maximal part.
void append_bytes(std::string_view bytes, std::string& text) {
  while (!bytes.empty()) {
    const CodePoint point = first_code_point(bytes);
    const size_t length = point.valid ? point.length : 1;
    text += point.valid ? bytes.substr(0, length) : kReplacement;
    bytes.remove_prefix(length);
  }
}

}  // namespace

// A stretch of the text, in a list of those that are left; without text when it was merged into the one before.
struct SentencePieceBpe::Symbol {
  std::string_view text;
  int32_t previous, next;  // -1: none
};

struct SentencePieceBpe::Candidate {
  float score;
  int32_t left, right;
  size_t length;  // of both together: tells whether either was merged since

  // The queue's top is the greatest: the best score, of equals the leftmost.
  bool operator<(const Candidate& other) const {
    return score != other.score ? score < other.score : left > other.left;
  }
};

SentencePieceBpe::SentencePieceBpe(SentencePieceModel model)
    : pieces_(std::move(model.pieces)), user_defined_(user_defined_of(pieces_)) {
  for (size_t id = 0; id < pieces_.size(); ++id) {
    const SentencePiece& piece = pieces_[id];
    if (piece.type == PieceType::kByte)
      byte_ids_.at(static_cast<size_t>(byte_of_piece(piece.text))) = static_cast<int64_t>(id);
    const bool ordinary = piece.type == PieceType::kNormal || piece.type == PieceType::kUserDefined;
    // Sentencepiece loses a piece with a zero byte on the way into its own table.
    if (!ordinary || piece.text.find('\0') != std::string::npos) continue;
    ids_.emplace(piece.text, static_cast<int32_t>(id));
    longest_ = std::max(longest_, piece.text.size());
  }
}

int32_t SentencePieceBpe::id_of(std::string_view piece) const {
  if (piece.size() > longest_) return -1;
  const auto found = ids_.find(piece);
  return found == ids_.end() ? -1 : found->second;
}

void SentencePieceBpe::encode(std::string_view text, std::vector<int64_t>& ids) const {
  const std::string escaped = replace_all(text, " ", kSpace);
  for (const TextPart& part : user_defined_.cut(escaped)) {
    if (part.token != nullptr) {
      ids.push_back(part.token->id);
    } else {
      encode_part(part.text, ids);
    }
  }
}

void SentencePieceBpe::encode_part(std::string_view part, std::vector<int64_t>& ids) const {
  std::vector<Symbol> symbols;
  while (!part.empty()) {
    const size_t length = first_code_point(part).length;
    const auto index = static_cast<int32_t>(symbols.size());
    symbols.push_back({part.substr(0, length), index - 1, index + 1});
    part.remove_prefix(length);
  }
  if (symbols.empty()) return;
  symbols.back().next = -1;
  merge_all(symbols);
  for (const Symbol& symbol : symbols) {
    if (symbol.text.empty()) continue;
    if (const int32_t id = id_of(symbol.text); id >= 0) {
      ids.push_back(id);
    } else {
      for (const char byte : symbol.text) ids.push_back(byte_ids_[static_cast<uint8_t>(byte)]);
    }
  }
}

void SentencePieceBpe::merge_all(std::vector<Symbol>& symbols) const {
  const auto at = [&](int32_t index) -> Symbol& { return symbols[static_cast<size_t>(index)]; };
  // Neighbours lie side by side in the text, so that their view is one.
  const auto joined = [&](int32_t left, int32_t right) {
    return std::string_view(at(left).text.data(), at(left).text.size() + at(right).text.size());
  };
  std::priority_queue<Candidate> candidates;
  const auto consider = [&](int32_t left, int32_t right) {
    if (left < 0 || right < 0) return;
    const std::string_view both = joined(left, right);
    if (const int32_t id = id_of(both); id >= 0)
      candidates.push({pieces_[static_cast<size_t>(id)].score, left, right, both.size()});
  };
  for (int32_t right = 1; right < static_cast<int32_t>(symbols.size()); ++right) consider(right - 1, right);
  while (!candidates.empty()) {
    const Candidate best = candidates.top();
    candidates.pop();
    Symbol &left = at(best.left), &right = at(best.right);
    if (left.text.empty() || right.text.empty() || left.text.size() + right.text.size() != best.length) continue;
    left = {joined(best.left, best.right), left.previous, right.next};
    if (right.next >= 0) at(right.next).previous = best.left;
    right.text = {};
    consider(left.previous, best.left);
    consider(best.left, left.next);
  }
}

std::string SentencePieceBpe::decode(std::span<const int64_t> ids) const {
  std::string text, bytes;
  for (const int64_t id : ids) {
    const SentencePiece& piece = pieces_[static_cast<size_t>(id)];
    if (piece.type == PieceType::kByte) {
      bytes.push_back(static_cast<char>(byte_of_piece(piece.text)));
      continue;
    }
    append_bytes(bytes, text);
    bytes.clear();
    if (piece.type == PieceType::kUnknown) text += kUnknownText;
    if (piece.type == PieceType::kNormal || piece.type == PieceType::kUserDefined)
      text += replace_all(piece.text, kSpace, " ");
  }
  append_bytes(bytes, text);
  return text;
}

}  // namespace freeact
