// The last box of a LaTeX text.
#pragma once

#include <optional>
#include <string>

namespace freeact {

// What the last \boxed{...} holds. As d1's helpers have it: the text itself where no box is there or its brace is never
// closed; "\boxed x" is read up to a dollar; an \fbox keeps its frame.
std::string d1_unboxed(const std::string& text);

// The same, but nothing where its brace is never closed.
std::optional<std::string> d1_last_box(const std::string& text);

}  // namespace freeact
