#include "tokenizer/byte_level_text.h"

#include "tokenizer/byte_alphabet.h"
#include "tokenizer/unicode.h"

namespace freeact {
namespace {

// As they look in the normalised text.
std::vector<AddedToken> normalized_added(const TokenizerFiles& files) {
  std::vector<AddedToken> tokens = files.added_with(/*normalized=*/true);
  for (AddedToken& token : tokens)
    if (files.nfc && valid_prefix_length(token.content) == token.content.size()) token.content = to_nfc(token.content);
  return tokens;
}

}  // namespace

ByteLevelText::ByteLevelText(const TokenizerFiles& files)
    : bytes_(static_cast<size_t>(files.highest_id()) + 1),
      nfc_(files.nfc),
      normalized_added_(normalized_added(files)),
      patterns_(files.patterns),
      bpe_(files.vocabulary, files.merges, files.whole_pieces_first, files.where) {
  for (const auto& [entry, id] : files.vocabulary)
    bytes_[static_cast<size_t>(id)] = bytes_of_symbols(entry).value_or(entry);
  for (const AddedToken& token : files.added) bytes_[static_cast<size_t>(token.id)] = token.content;
}

// Normalisation and split expressions are defined on valid UTF-8 only; what is invalid between goes byte by byte.
void ByteLevelText::encode(std::string_view text, std::vector<int64_t>& ids) const {
  while (!text.empty()) {
    const size_t valid = valid_prefix_length(text);
    encode_valid(text.substr(0, valid), ids);
    text.remove_prefix(valid);
    if (text.empty()) return;
    const size_t invalid = first_code_point(text).length;
    bpe_.encode(text.substr(0, invalid), ids);
    text.remove_prefix(invalid);
  }
}

void ByteLevelText::encode_valid(std::string_view text, std::vector<int64_t>& ids) const {
  if (text.empty()) return;
  const std::string normalized = nfc_ ? to_nfc(text) : std::string(text);
  for (const TextPart& part : normalized_added_.cut(normalized)) {
    if (part.token != nullptr) {
      ids.push_back(part.token->id);
    } else {
      encode_plain(part.text, ids);
    }
  }
}

void ByteLevelText::encode_plain(std::string_view text, std::vector<int64_t>& ids) const {
  std::vector<std::string_view> pieces = {text};
  for (const SplitPattern& pattern : patterns_) {
    std::vector<std::string_view> finer;
    for (const std::string_view piece : pieces) pattern.split(piece, finer);
    pieces = std::move(finer);
  }
  for (const std::string_view piece : pieces) bpe_.encode(piece, ids);
}

std::string ByteLevelText::decode(std::span<const int64_t> ids) const {
  std::string bytes;
  for (const int64_t id : ids) bytes += bytes_[static_cast<size_t>(id)];
  return replace_invalid_utf8(bytes);
}

}  // namespace freeact
