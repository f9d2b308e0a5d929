#include "tokenizer/added_tokens.h"

#include <algorithm>

#include "tokenizer/unicode.h"

namespace freeact {
namespace {

bool touches_a_word(std::string_view before, std::string_view after) {
  const auto is_word = [](const CodePoint& point) { return point.valid && is_word_character(point.value); };
  return (!before.empty() && is_word(last_code_point(before))) || (!after.empty() && is_word(first_code_point(after)));
}

size_t leading_white_space(std::string_view text) {
  size_t length = 0;
  while (length < text.size()) {
    const CodePoint point = first_code_point(text.substr(length));
    if (!point.valid || !is_white_space(point.value)) break;
    length += point.length;
  }
  return length;
}

size_t trailing_white_space(std::string_view text) {
  size_t length = 0;
  while (length < text.size()) {
    const CodePoint point = last_code_point(text.substr(0, text.size() - length));
    if (!point.valid || !is_white_space(point.value)) break;
    length += point.length;
  }
  return length;
}

}  // namespace

AddedTokenFinder::AddedTokenFinder(std::vector<AddedToken> tokens) {
  for (AddedToken& token : tokens)
    if (!token.content.empty()) by_first_byte_[static_cast<uint8_t>(token.content[0])].push_back(std::move(token));
  for (auto& list : by_first_byte_)
    std::stable_sort(list.begin(), list.end(),
                     [](const AddedToken& a, const AddedToken& b) { return a.content.size() > b.content.size(); });
}

const AddedToken* AddedTokenFinder::longest_at(std::string_view text, size_t place) const {
  const std::string_view rest = text.substr(place);
  for (const AddedToken& token : by_first_byte_[static_cast<uint8_t>(rest[0])])
    if (rest.starts_with(token.content)) return &token;
  return nullptr;
}

std::vector<TextPart> AddedTokenFinder::cut(std::string_view text) const {
  std::vector<TextPart> parts;
  size_t done = 0;  // everything before is in parts
  size_t place = 0;
  while (place < text.size()) {
    const AddedToken* token = longest_at(text, place);
    if (token == nullptr) {
      ++place;
      continue;
    }
    size_t begin = place;
    size_t end = place + token->content.size();
    place = end;
    if (token->single_word && touches_a_word(text.substr(0, begin), text.substr(end))) continue;
    if (token->lstrip) begin -= trailing_white_space(text.substr(done, begin - done));
    if (token->rstrip) end += leading_white_space(text.substr(end));
    if (begin > done) parts.push_back({text.substr(done, begin - done), nullptr});
    parts.push_back({text.substr(begin, end - begin), token});
    done = place = end;
  }
  if (done < text.size()) parts.push_back({text.substr(done), nullptr});
  return parts;
}

}  // namespace freeact
