#include "tokenizer/tokenizer.h"

#include <algorithm>

#include "tokenizer/byte_alphabet.h"
#include "tokenizer/tokenizer_files.h"
#include "tokenizer/unicode.h"

namespace freeact {
namespace {

std::vector<AddedToken> select_added(const TokenizerFiles& files, bool normalized) {
  std::vector<AddedToken> selected;
  for (AddedToken token : files.added) {
    if (token.normalized != normalized) continue;
    if (normalized && files.nfc && valid_prefix_length(token.content) == token.content.size())
      token.content = to_nfc(token.content);
    selected.push_back(std::move(token));
  }
  return selected;
}

int64_t highest_id(const TokenizerFiles& files) {
  int64_t highest = 0;
  for (const auto& [entry, id] : files.vocabulary) highest = std::max<int64_t>(highest, id);
  for (const AddedToken& token : files.added) highest = std::max(highest, token.id);
  return highest;
}

}  // namespace

Tokenizer Tokenizer::load(const std::filesystem::path& folder) {
  return Tokenizer(TokenizerFiles::read(folder));
}

Tokenizer::Tokenizer(TokenizerFiles files)
    : nfc_(files.nfc),
      raw_added_(select_added(files, false)),
      normalized_added_(select_added(files, true)),
      patterns_(std::move(files.patterns)),
      bpe_(files.vocabulary, files.merges, files.whole_pieces_first, files.where) {
  const auto size = static_cast<size_t>(highest_id(files)) + 1;
  bytes_.resize(size);
  skipped_.resize(size);
  for (const auto& [entry, id] : files.vocabulary)
    bytes_[static_cast<size_t>(id)] = bytes_of_symbols(entry).value_or(entry);
  for (const AddedToken& token : files.added) {
    bytes_[static_cast<size_t>(token.id)] = token.content;
    skipped_[static_cast<size_t>(token.id)] = files.skipped.contains(token.content);
    added_ids_[token.content] = token.id;
  }
  roles_.insert(files.roles.begin(), files.roles.end());
  vocabulary_ = std::move(files.vocabulary);
}

std::vector<int64_t> Tokenizer::encode(std::string_view text) const {
  std::vector<int64_t> ids;
  for (const TextPart& part : raw_added_.cut(text)) {
    if (part.token != nullptr) {
      ids.push_back(part.token->id);
    } else {
      encode_raw(part.text, ids);
    }
  }
  return ids;
}

// Normalisation and split expressions are defined on valid UTF-8 only; what is invalid between goes byte by byte.
void Tokenizer::encode_raw(std::string_view text, std::vector<int64_t>& ids) const {
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

void Tokenizer::encode_valid(std::string_view text, std::vector<int64_t>& ids) const {
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

void Tokenizer::encode_plain(std::string_view text, std::vector<int64_t>& ids) const {
  std::vector<std::string_view> pieces = {text};
  for (const SplitPattern& pattern : patterns_) {
    std::vector<std::string_view> finer;
    for (const std::string_view piece : pieces) pattern.split(piece, finer);
    pieces = std::move(finer);
  }
  for (const std::string_view piece : pieces) bpe_.encode(piece, ids);
}

std::string Tokenizer::decode(std::span<const int64_t> ids, bool skip_special) const {
  std::string bytes;
  for (const int64_t id : ids) {
    if (id < 0 || id >= size() || (skip_special && is_skipped(id))) continue;
    bytes += bytes_[static_cast<size_t>(id)];
  }
  return replace_invalid_utf8(bytes);
}

std::optional<int64_t> Tokenizer::id_of(std::string_view token) const {
  const std::string key(token);
  if (const auto added = added_ids_.find(key); added != added_ids_.end()) return added->second;
  if (const auto entry = vocabulary_.find(key); entry != vocabulary_.end()) return entry->second;
  return std::nullopt;
}

std::optional<std::string> Tokenizer::token_of_role(std::string_view role) const {
  const auto found = roles_.find(role);
  return found == roles_.end() ? std::nullopt : std::optional(found->second);
}

bool Tokenizer::is_skipped(int64_t id) const {
  return id >= 0 && id < size() && skipped_[static_cast<size_t>(id)];
}

}  // namespace freeact
