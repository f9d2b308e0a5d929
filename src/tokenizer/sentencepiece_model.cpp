#include "tokenizer/sentencepiece_model.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <unordered_set>

#include "tokenizer/protobuf_reading.h"
#include "tokenizer/unicode.h"
#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

constexpr size_t kPieceLimit = 1'000'000;
constexpr uint64_t kBpe = 2;  // TrainerSpec.ModelType

// Absent fields have these values.
struct Specification {
  uint64_t model_type = 1;
  bool byte_fallback = false;
  bool whitespace_as_suffix = false;
  bool has_character_map = false;
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;
};

SentencePiece read_piece(std::string_view message) {
  SentencePiece piece;
  ProtobufReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == 1) piece.text = field->bytes;
    if (field->number == 2) piece.score = field->number_f32();
    if (field->number == 3) {
      if (field->scalar < 1 || field->scalar > 6) throw UserError("a piece of the unknown type {}", field->scalar);
      piece.type = static_cast<PieceType>(field->scalar);
    }
  }
  return piece;
}

void read_trainer(std::string_view message, Specification& s) {
  ProtobufReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == 3) s.model_type = field->scalar;
    if (field->number == 24) s.whitespace_as_suffix = field->flag();
    if (field->number == 35) s.byte_fallback = field->flag();
  }
}

void read_normalizer(std::string_view message, Specification& s) {
  ProtobufReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == 2) s.has_character_map |= !field->bytes.empty();
    if (field->number == 3) s.add_dummy_prefix = field->flag();
    if (field->number == 4) s.remove_extra_whitespaces = field->flag();
    if (field->number == 5) s.escape_whitespaces = field->flag();
  }
}

// The denormaliser has the fields of a normaliser; only its character map counts.
void read_denormalizer(std::string_view message, Specification& s) {
  Specification own;
  read_normalizer(message, own);
  s.has_character_map |= own.has_character_map;
}

void check_specification(const Specification& s) {
  const struct {
    bool holds;
    const char* what;
  } needed[] = {{s.model_type == kBpe, "its model type must be BPE"},
                {s.byte_fallback, "byte_fallback must be on"},
                {!s.whitespace_as_suffix, "treat_whitespace_as_suffix must be off"},
                {!s.has_character_map, "its normaliser must be 'identity'"},
                {!s.add_dummy_prefix, "add_dummy_prefix must be off"},
                {!s.remove_extra_whitespaces, "remove_extra_whitespaces must be off"},
                {s.escape_whitespaces, "escape_whitespaces must be on"}};
  for (const auto& need : needed)
    if (!need.holds) throw UserError("{}: no other sentencepiece model can be read", need.what);
}

void check_piece(const SentencePiece& piece, size_t id) {
  if (piece.text.empty()) throw UserError("piece {} is empty", id);
  if (valid_prefix_length(piece.text) != piece.text.size()) throw UserError("piece {} is not UTF-8", id);
  if (!std::isfinite(piece.score)) throw UserError("piece {} has no finite score", id);
  if (piece.type == PieceType::kByte && byte_of_piece(piece.text) < 0)
    throw UserError("piece {} is to be a byte, but is '{}'", id, piece.text);
  if (piece.type == PieceType::kUnused) throw UserError("piece {} is unused, which is not supported", id);
}

void check_pieces(const std::vector<SentencePiece>& pieces) {
  std::unordered_set<std::string_view> texts;
  size_t unknown = 0, bytes = 0;
  for (size_t id = 0; id < pieces.size(); ++id) {
    check_piece(pieces[id], id);
    if (!texts.insert(pieces[id].text).second) throw UserError("piece {} ('{}') is there twice", id, pieces[id].text);
    unknown += pieces[id].type == PieceType::kUnknown;
    bytes += pieces[id].type == PieceType::kByte;
  }
  if (unknown != 1) throw UserError("it has {} unknown pieces instead of one", unknown);
  if (bytes != 256) throw UserError("it has {} byte pieces instead of 256", bytes);
}

SentencePieceModel parse(std::string_view file) {
  SentencePieceModel model;
  Specification specification;
  ProtobufReader reader(file);
  while (const auto field = reader.next()) {
    if (!field->is_bytes) continue;
    if (field->number == 1) model.pieces.push_back(read_piece(field->bytes));
    if (field->number == 2) read_trainer(field->bytes, specification);
    if (field->number == 3) read_normalizer(field->bytes, specification);
    if (field->number == 5) read_denormalizer(field->bytes, specification);
    if (model.pieces.size() > kPieceLimit) throw UserError("it has more than {} pieces", kPieceLimit);
  }
  if (model.pieces.empty()) throw UserError("it has no pieces");
  check_specification(specification);
  check_pieces(model.pieces);
  return model;
}

}  // namespace

int byte_of_piece(const std::string& text) {
  unsigned byte = 0;
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return -1;
  const auto [end, error] = std::from_chars(text.data() + 3, text.data() + 5, byte, 16);
  return error == std::errc{} && end == text.data() + 5 ? static_cast<int>(byte) : -1;
}

SentencePieceModel SentencePieceModel::read(const std::filesystem::path& path) {
  const std::string file = read_file(path);
  try {
    return parse(file);
  } catch (const UserError& error) {
    throw UserError("{}: no sentencepiece model that can be read, or damaged: {}", path.string(), error.what());
  }
}

}  // namespace freeact
