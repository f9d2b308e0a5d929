#include "tokenizer/internlm2_text.h"

#include <array>
#include <utility>

#include "tokenizer/unicode.h"
#include "util/text.h"

namespace freeact {
namespace {

// Spaces that belong to tokens of words and punctuation marks, and not to the text; removed in this order.
std::string without_token_spaces(std::string text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kRules = {{{" .", "."},
                                                                                            {" ?", "?"},
                                                                                            {" !", "!"},
                                                                                            {" ,", ","},
                                                                                            {" ' ", "'"},
                                                                                            {" n't", "n't"},
                                                                                            {" 'm", "'m"},
                                                                                            {" 's", "'s"},
                                                                                            {" 've", "'ve"},
                                                                                            {" 're", "'re"}}};
  for (const auto& [from, to] : kRules) text = replace_all(text, from, to);
  return text;
}

}  // namespace

InternLm2Text::InternLm2Text(const TokenizerFiles& files)
    : pieces_(files.sentencepiece.value()), clean_up_(files.clean_up_spaces) {
  for (const AddedToken& token : files.added) {
    added_.emplace(token.id, token.content);
    const bool beyond_pieces = token.id >= static_cast<int64_t>(pieces_.size());
    if (beyond_pieces || !files.skipped.contains(token.content)) apart_.insert(token.id);
  }
}

std::string InternLm2Text::decode(std::span<const int64_t> ids) const {
  std::vector<std::string> stretches;
  for (size_t begin = 0, end = 0; begin < ids.size(); begin = end) {
    if (apart_.contains(ids[begin])) {
      stretches.push_back(added_.at(ids[begin]));
      end = begin + 1;
      continue;
    }
    for (end = begin; end < ids.size() && !apart_.contains(ids[end]);) ++end;
    stretches.push_back(decode_stretch(ids.subspan(begin, end - begin)));
    if (stretches.back().empty() && end < ids.size()) stretches.pop_back();
  }
  std::string text;
  for (size_t i = 0; i < stretches.size(); ++i) text += (i == 0 ? "" : " ") + stretches[i];
  return replace_invalid_utf8(clean_up_ ? without_token_spaces(std::move(text)) : text);
}

// A run of special tokens has one space, before the text that precedes it: the published decoder writes it so.
std::string InternLm2Text::decode_stretch(std::span<const int64_t> ids) const {
  std::string text;
  std::vector<int64_t> ordinary;
  bool after_special = false;
  for (const int64_t id : ids) {
    const auto special = added_.find(id);
    if (special == added_.end()) {
      if (id < static_cast<int64_t>(pieces_.size())) ordinary.push_back(id);
      after_special = false;
      continue;
    }
    if (!after_special) text += ' ';
    text += pieces_.decode(ordinary) + special->second;
    ordinary.clear();
    after_special = true;
  }
  return without_token_spaces(text + pieces_.decode(ordinary));
}

}  // namespace freeact
