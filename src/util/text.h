// Pieces of text that several rooms handle.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace freeact {

// Every `from`, which must not be empty, turned into `to`, from left to right.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

// Text up to the first occurrence of each stop string, one after the other as the harnesses do. Throws UserError on an
// empty one.
std::string cut_at_stops(std::string text, const std::vector<std::string>& stops);

}  // namespace freeact
