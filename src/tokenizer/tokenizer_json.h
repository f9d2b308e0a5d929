// The single-file form of a tokenizer, Hugging Face's tokenizer.json.
#pragma once

#include "tokenizer/json_reading.h"
#include "tokenizer/tokenizer_files.h"

namespace freeact {

// Fills vocabulary, merges, normaliser, patterns and added tokens. Throws UserError on a tokenizer that is not
// byte-level BPE, naming the kind it is.
void read_tokenizer_json(const JsonPlace& file, TokenizerFiles& files);

// An object {"entry": id}. Throws UserError on an id out of range or taken twice.
Vocabulary read_vocabulary(const JsonPlace& vocabulary);

// The flags of an added token; absent ones are false.
AddedToken read_added_token(const JsonPlace& entry, int64_t id);

// Ids index tables, so a corrupt one must not make them huge: below a million, four times the largest published.
int64_t checked_id(int64_t id, const std::string& where);

// The split expression of GPT-2, which the ByteLevel pre-tokenizer applies by itself.
inline constexpr const char* kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

}  // namespace freeact
