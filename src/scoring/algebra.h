// Whether formulas are equal, by SymPy and math-verify in the sandbox: what a model writes reaches a parser that
// evaluates.
#pragma once

#include <optional>
#include <string>

namespace freeact {

// Why nothing can be decided here, in one line that says what to do; "" when it can: the sandbox is there, and
// `freeact data import math_verify` was run.
std::string algebra_obstacle();

// SymPy parses both as LaTeX and simplifies the difference to 0, within five seconds; what it cannot parse or subtract
// is not equal, not even to itself. As lm-eval's minerva_math has it. Nothing where there is an obstacle.
std::optional<bool> sympy_equal(const std::string& answer, const std::string& gold);

// math-verify finds an answer in the response that is worth the solution's. Nothing where there is an obstacle.
std::optional<bool> math_verify_equal(const std::string& response, const std::string& solution);

}  // namespace freeact
