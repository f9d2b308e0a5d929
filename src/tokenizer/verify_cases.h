// Holding tokenizer and chat template of a folder against its tokenizer_cases.json, the outputs of the published
// tokenizer.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace freeact {

struct TokenizerCaseResult {
  std::string name;  // "encode/12", "decode_only/3", "chat/0", "system_message", "special/bos_token", "vocab",
                     // "skipped_by_skip_special"
  bool passed = false;
  std::string detail;  // what differs, with both values; empty when passed
};

// Every case of every group; a group or a case that is not understood is a failed one. Throws UserError when the file
// or the tokenizer itself cannot be read.
std::vector<TokenizerCaseResult> check_tokenizer_cases(const std::filesystem::path& folder);

}  // namespace freeact
