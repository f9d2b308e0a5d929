// What Python's eval() makes of arithmetic: scorers of number puzzles let it compute the model's expressions.
#pragma once

#include <optional>
#include <string_view>

namespace freeact {

// The value of an expression of decimal numbers, + - * / // **, signs and parentheses, in doubles: whole numbers beyond
// 2^53 lose digits, which Python's do not. Infinite where a power is too large. Nothing where Python raises: no
// expression, a whole number with leading zeros, a line end outside of parentheses, division by zero, a number called
// like a function, a root of a negative number.
std::optional<double> python_arithmetic(std::string_view expression);

}  // namespace freeact
