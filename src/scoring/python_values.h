// Python's values and their texts, as far as the harnesses' rules turn one into the other.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace freeact {

// str() of a float: "12.0", "1e+16", "inf".
std::string python_str(double value);

// What eval() makes of a list such as "[1, 'two', None]": str() of each member. Nothing where the text is no list of
// plain texts, decimal numbers, True, False and None; lists inside of lists are not read.
std::optional<std::vector<std::string>> python_list(std::string_view text);

}  // namespace freeact
