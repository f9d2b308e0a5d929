#include "tokenizer/byte_level_writer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "tokenizer/byte_alphabet.h"
#include "util/error.h"
#include "util/files.h"
#include "util/suggest.h"

namespace freeact {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kNumBytes = 256;

void check_names(const std::vector<std::string>& special_tokens, const std::map<std::string, std::string>& roles) {
  const std::set<std::string> distinct(special_tokens.begin(), special_tokens.end());
  if (distinct.size() != special_tokens.size() || distinct.contains(""))
    throw UserError("the special tokens of a tokenizer must be distinct and not empty");
  for (const auto& [role, token] : roles)
    if (!distinct.contains(token)) throw UserError(unknown_name("special token", token, special_tokens, role + ": "));
}

Json added_token(const std::string& content) {
  return {{"content", content}, {"single_word", false}, {"lstrip", false},
          {"rstrip", false},    {"normalized", false},  {"special", true}};
}

Json byte_level_step(bool use_regex) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", use_regex}};
}

Json bpe_model() {
  Json vocabulary = Json::object();
  for (int place = 0; place < kNumBytes; ++place) vocabulary[symbol_of_byte(byte_at_place(place))] = place;
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", nullptr},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", false},
          {"byte_fallback", false},
          {"ignore_merges", false},
          {"vocab", vocabulary},
          {"merges", Json::array()}};
}

Json tokenizer_json(const std::vector<std::string>& special_tokens) {
  Json added = Json::array();
  for (size_t i = 0; i < special_tokens.size(); ++i) {
    Json entry = {{"id", kNumBytes + static_cast<int>(i)}};
    entry.update(added_token(special_tokens[i]));
    added.push_back(entry);
  }
  return {{"version", "1.0"},          {"truncation", nullptr},
          {"padding", nullptr},        {"added_tokens", added},
          {"normalizer", nullptr},     {"pre_tokenizer", byte_level_step(false)},
          {"post_processor", nullptr}, {"decoder", byte_level_step(false)},
          {"model", bpe_model()}};
}

Json tokenizer_config(const std::vector<std::string>& special_tokens, const std::map<std::string, std::string>& roles) {
  Json decoder = Json::object();
  for (size_t i = 0; i < special_tokens.size(); ++i)
    decoder[std::to_string(kNumBytes + static_cast<int>(i))] = added_token(special_tokens[i]);
  Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                 {"clean_up_tokenization_spaces", false},
                 {"added_tokens_decoder", decoder}};
  for (const auto& [role, token] : roles) config[role] = token;
  return config;
}

}  // namespace

void write_byte_level_tokenizer(const std::filesystem::path& folder, const std::vector<std::string>& special_tokens,
                                const std::map<std::string, std::string>& roles) {
  check_names(special_tokens, roles);
  Json special_map = Json::object();
  for (const auto& [role, token] : roles) special_map[role] = token;
  const auto write = [&](const char* name, const Json& content) {
    write_file_atomically(folder / name, content.dump(2) + "\n");
  };
  write("tokenizer.json", tokenizer_json(special_tokens));
  write("tokenizer_config.json", tokenizer_config(special_tokens, roles));
  write("special_tokens_map.json", special_map);
}

}  // namespace freeact
