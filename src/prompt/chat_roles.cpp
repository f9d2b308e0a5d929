#include "prompt/chat_roles.h"

#include <ATen/ATen.h>

#include <string>

#include "model/token_type_rule.h"
#include "tokenizer/chat.h"
#include "tokenizer/unicode.h"

namespace freeact {
namespace {

constexpr const char* kTurnBegin = "<|im_start|>";

TokenRole role_of(std::string_view name) {
  if (name == "user") return TokenRole::kQuestion;
  return name == "assistant" ? TokenRole::kAnswer : TokenRole::kSystem;
}

}  // namespace

at::Tensor chat_roles(const std::vector<int64_t>& ids, const Tokenizer& tokenizer) {
  const auto begin = tokenizer.id_of(kTurnBegin), end = tokenizer.id_of(end_of_turn(ChatFamily::kChatMl));
  std::vector<int64_t> roles;
  std::string header;  // what has been read of a turn's header
  bool in_header = false;
  TokenRole role = TokenRole::kSystem;
  for (const int64_t id : ids) {
    const bool mark = id == begin || id == end;
    if (mark) role = TokenRole::kSystem;
    roles.push_back(static_cast<int64_t>(in_header ? TokenRole::kSystem : role));
    if (in_header && !mark) {
      header += tokenizer.decode(std::vector{id});
      if (const size_t line_end = header.find('\n'); line_end != header.npos) {
        role = role_of(strip(std::string_view(header).substr(0, line_end)));
        in_header = false;
      }
    }
    if (mark) {
      in_header = id == begin;
      header.clear();
    }
  }
  return at::tensor(roles, at::kLong).unsqueeze(0);
}

}  // namespace freeact
