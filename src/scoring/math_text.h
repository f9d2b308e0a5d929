// How the harnesses of MATH normalise the LaTeX of an answer before they compare.
#pragma once

#include <optional>
#include <string>

namespace freeact {

// As lm-eval's hendrycks_math and d1 do; nothing where their Python raises, after which they compare unchanged texts.
std::optional<std::string> hendrycks_normalised(const std::string& text);

// Whether two answers are the same text, normalised so.
bool hendrycks_equal(const std::string& answer, const std::string& gold);

// As lm-eval's minerva_math does.
std::string minerva_normalised(const std::string& text);

}  // namespace freeact
