// Tokenizer of a checkpoint folder: text to ids and back, exactly as the published tokenizer does it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/bpe.h"
#include "tokenizer/text_model.h"

namespace freeact {

struct TokenizerFiles;

class Tokenizer {
 public:
  // From tokenizer.json or vocab.json + merges.txt (byte-level BPE), or from tokenizer.model (sentencepiece, of
  // InternLM2), together with tokenizer_config.json where present. Throws UserError naming the file and what is wrong
  // with it; a tokenizer of another kind is named.
  static Tokenizer load(const std::filesystem::path& folder);

  // Neither a beginning nor an end token is added. Bytes that are no valid UTF-8 are encoded as they are.
  std::vector<int64_t> encode(std::string_view text) const;

  // Always valid UTF-8, after the bytes of neighbouring tokens are joined: U+FFFD stands for a maximal invalid part, of
  // sentencepiece for each byte of it. Ids without a token (a model has more embedding rows than its tokenizer has ids)
  // add nothing. InternLM2 adds the spaces at special tokens that its published decoder adds.
  std::string decode(std::span<const int64_t> ids, bool skip_special = false) const;

  // token as it is written in the vocabulary files: an added token, or an entry in the byte alphabet.
  std::optional<int64_t> id_of(std::string_view token) const;

  // The token of a role of tokenizer_config.json ("bos_token", "mask_token", ...); nothing when the role is absent or
  // null.
  std::optional<std::string> token_of_role(std::string_view role) const;

  // Highest id + 1.
  int64_t size() const { return static_cast<int64_t>(skipped_.size()); }

  // Entries of the vocabulary proper, added tokens not counted.
  int64_t base_size() const { return static_cast<int64_t>(vocabulary_.size()); }

  // Whether decode leaves the id out when asked to skip special tokens.
  bool is_skipped(int64_t id) const;

 private:
  explicit Tokenizer(TokenizerFiles files);

  Vocabulary vocabulary_;
  std::unordered_map<std::string, int64_t> added_ids_;
  std::map<std::string, std::string, std::less<>> roles_;
  std::vector<bool> skipped_;   // id -> left out by skip_special
  AddedTokenFinder raw_added_;  // looked for in the text as it came
  std::shared_ptr<const TextModel> model_;
};

}  // namespace freeact
