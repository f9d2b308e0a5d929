// Writing the simplest byte-level tokenizer: one id per byte, no merges, then special tokens.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace freeact {

// Writes tokenizer.json, tokenizer_config.json and special_tokens_map.json in Hugging Face's form. Ids 0..255 are the
// bytes, in the order of the GPT-2 vocabulary ('!' is 0), and special_tokens follow from 256 on. roles: "bos_token",
// "eos_token", "pad_token", "mask_token", ... -> one of special_tokens; a role with another token is a UserError.
void write_byte_level_tokenizer(const std::filesystem::path& folder, const std::vector<std::string>& special_tokens,
                                const std::map<std::string, std::string>& roles = {});

}  // namespace freeact
