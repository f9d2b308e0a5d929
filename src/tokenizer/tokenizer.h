// Byte-level BPE tokenizer of a checkpoint folder: text to ids and back, exactly as the published tokenizer does it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/bpe.h"
#include "tokenizer/split_pattern.h"

namespace freeact {

struct TokenizerFiles;

class Tokenizer {
 public:
  // From tokenizer.json, or from vocab.json + merges.txt, together with tokenizer_config.json where present. Throws
  // UserError naming the file and what is wrong with it; a tokenizer of another kind is named.
  static Tokenizer load(const std::filesystem::path& folder);

  // Neither a beginning nor an end token is added. Bytes that are no valid UTF-8 are encoded as they are.
  std::vector<int64_t> encode(std::string_view text) const;

  // Always valid UTF-8: one U+FFFD per maximal invalid part, after the bytes of neighbouring tokens are joined. Ids
  // without a token (a model has more embedding rows than its tokenizer has ids) add nothing.
  std::string decode(std::span<const int64_t> ids, bool skip_special = false) const;

  // token as it is written in the vocabulary files: an added token, or an entry in the byte alphabet.
  std::optional<int64_t> id_of(std::string_view token) const;

  // The token of a role of tokenizer_config.json ("bos_token", "mask_token", ...); nothing when the role is absent or
  // null.
  std::optional<std::string> token_of_role(std::string_view role) const;

  // Highest id + 1.
  int64_t size() const { return static_cast<int64_t>(bytes_.size()); }

  // Entries of the vocabulary proper, added tokens not counted.
  int64_t base_size() const { return static_cast<int64_t>(vocabulary_.size()); }

  // Whether decode leaves the id out when asked to skip special tokens.
  bool is_skipped(int64_t id) const;

 private:
  explicit Tokenizer(TokenizerFiles files);
  void encode_raw(std::string_view text, std::vector<int64_t>& ids) const;
  void encode_valid(std::string_view text, std::vector<int64_t>& ids) const;
  void encode_plain(std::string_view text, std::vector<int64_t>& ids) const;

  Vocabulary vocabulary_;
  std::unordered_map<std::string, int64_t> added_ids_;
  std::map<std::string, std::string, std::less<>> roles_;
  std::vector<std::string> bytes_;  // id -> the bytes it decodes to
  std::vector<bool> skipped_;       // id -> left out by skip_special
  bool nfc_;
  AddedTokenFinder raw_added_;         // looked for in the text as it came
  AddedTokenFinder normalized_added_;  // looked for after normalisation
  std::vector<SplitPattern> patterns_;
  Bpe bpe_;
};

}  // namespace freeact
