#include "eval/plain_text.h"

#include <algorithm>
#include <string_view>

#include "tokenizer/unicode.h"
#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

constexpr size_t kBytesPerToken = 16;  // read first for each wanted token; most take 3 to 5

bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

}  // namespace

PlainText::PlainText(const std::filesystem::path& file) : where_(file.string()), text_(read_file(file)) {
  if (const size_t valid = valid_prefix_length(text_); valid != text_.size())
    throw UserError("'{}' is no text in UTF-8: see byte {}", where_, valid);
  num_characters_ = std::count_if(text_.begin(), text_.end(), begins_character);
}

size_t PlainText::byte_of(int64_t character) const {
  int64_t seen = 0;
  for (size_t byte = 0; byte < text_.size(); ++byte)
    if (begins_character(text_[byte]) && seen++ == character) return byte;
  return text_.size();
}

// The cut at the end of what is encoded may spoil the ids next to it, so twice as many are wanted as are returned.
std::vector<int64_t> PlainText::tokens(const Tokenizer& tokenizer, int64_t offset, int64_t num_tokens) const {
  const std::string_view rest = std::string_view(text_).substr(byte_of(offset));
  const auto wanted = static_cast<size_t>(num_tokens);
  std::vector<int64_t> ids;
  for (size_t bytes = kBytesPerToken * wanted; ids.size() < 2 * wanted; bytes *= 2) {
    ids = tokenizer.encode(rest.substr(0, bytes));
    if (bytes >= rest.size()) break;
  }
  if (ids.size() < wanted)
    throw UserError("'{}' ends before {} tokens from character {} on: it has {} characters", where_, num_tokens, offset,
                    num_characters_);
  ids.resize(wanted);
  return ids;
}

}  // namespace freeact
