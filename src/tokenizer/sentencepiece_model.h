// The vocabulary file of sentencepiece, tokenizer.model. Field numbers: sentencepiece_model.proto of
// google/sentencepiece.
//
// Debian's libsentencepiece (0.1.97) is not used: it gives the piece "\0" to a zero byte, for which the version that
// the published results come from takes the byte's token.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace freeact {

// The numbers are those of the file.
enum class PieceType { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

struct SentencePiece {
  std::string text;  // spaces are written as U+2581
  float score = 0;   // of two pairs the one with the higher result is merged first
  PieceType type = PieceType::kNormal;
};

// A BPE model with byte fallback that takes the text as it is: no other normaliser, no space put in front.
struct SentencePieceModel {
  std::vector<SentencePiece> pieces;  // by id; one is unknown, 256 are the bytes

  // Throws UserError naming the file when it is damaged or a model of another kind.
  static SentencePieceModel read(const std::filesystem::path& path);
};

// The byte that a piece "<0x0A>" stands for; -1 when it is no such piece.
int byte_of_piece(const std::string& text);

}  // namespace freeact
