// Source: dllm-reasoning/d1 837888f2, last_boxed_only_string and remove_boxed.
#include "scoring/boxed.h"

#include <string_view>

namespace freeact {
namespace {

// The place behind the brace that closes the first one from `begin` on; npos where it stays open.
size_t behind_closing_brace(const std::string& text, size_t begin) {
  int open = 0;
  for (size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '{') ++open;
    if (text[i] == '}' && --open == 0) return i + 1;
  }
  return std::string::npos;
}

}  // namespace

std::optional<std::string> d1_last_box(const std::string& text) {
  constexpr std::string_view kBoxed = "\\boxed", kSpaced = "\\boxed ", kBrace = "\\boxed{";
  if (const size_t spaced = text.rfind(kSpaced); spaced != std::string::npos) {
    const size_t begin = spaced + kSpaced.size();
    return text.substr(begin, text.find('$', begin) - begin);
  }
  size_t begin = text.rfind(kBoxed);
  if (begin == std::string::npos) begin = text.rfind("\\fbox");
  if (begin == std::string::npos) return text;
  const size_t end = behind_closing_brace(text, begin);
  if (end == std::string::npos) return std::nullopt;
  const std::string box = text.substr(begin, end - begin);
  return box.starts_with(kBrace) ? box.substr(kBrace.size(), box.size() - kBrace.size() - 1) : box;
}

std::string d1_unboxed(const std::string& text) {
  return d1_last_box(text).value_or(text);
}

}  // namespace freeact
