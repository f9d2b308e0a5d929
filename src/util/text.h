// Pieces of text that several rooms handle.
#pragma once

#include <string>
#include <string_view>

namespace freeact {

// Every `from`, which must not be empty, turned into `to`, from left to right.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

}  // namespace freeact
