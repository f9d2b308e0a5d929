// Arguments of shell commands.
#pragma once

#include <string>
#include <string_view>

namespace freeact {

// The text as one word of a POSIX shell.
inline std::string shell_quoted(std::string_view text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

}  // namespace freeact
