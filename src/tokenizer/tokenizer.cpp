#include "tokenizer/tokenizer.h"

#include "tokenizer/byte_level_text.h"
#include "tokenizer/internlm2_text.h"
#include "tokenizer/tokenizer_files.h"

namespace freeact {
namespace {

std::shared_ptr<const TextModel> text_model(const TokenizerFiles& files) {
  if (files.sentencepiece) return std::make_shared<InternLm2Text>(files);
  return std::make_shared<ByteLevelText>(files);
}

}  // namespace

Tokenizer Tokenizer::load(const std::filesystem::path& folder) {
  return Tokenizer(TokenizerFiles::read(folder));
}

Tokenizer::Tokenizer(TokenizerFiles files)
    : skipped_(static_cast<size_t>(files.highest_id()) + 1),
      raw_added_(files.added_with(/*normalized=*/false)),
      model_(text_model(files)) {
  for (const AddedToken& token : files.added) {
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
      model_->encode(part.text, ids);
    }
  }
  return ids;
}

std::string Tokenizer::decode(std::span<const int64_t> ids, bool skip_special) const {
  std::vector<int64_t> kept;
  kept.reserve(ids.size());
  for (const int64_t id : ids)
    if (id >= 0 && id < size() && !(skip_special && is_skipped(id))) kept.push_back(id);
  return model_->decode(kept);
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
