// How Python reads numbers: the harnesses' rules lean on it.
#pragma once

#include <optional>
#include <string_view>

namespace freeact {

// float(text): white space around it, a sign, decimal digits of any script with single underscores between them, an
// exponent, inf, infinity, nan; nothing where Python raises ValueError. text must be valid UTF-8.
std::optional<double> python_float(std::string_view text);

}  // namespace freeact
