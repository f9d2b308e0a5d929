// How numbers and names are written in reports.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "report/statistics.h"

namespace freeact {

inline constexpr std::string_view kMissing = "–";

// Percentages with one decimal, perplexities with two, anything else with four; "nan" stays visible. Negative numbers
// get a minus sign.
std::string format_value(double value, std::string_view unit);
// Millions of bytes, three digits or more: "0.213", "81.2", "15006".
std::string format_megabytes(int64_t bytes);
// "+1.2", "−0.3", "0.0"
std::string format_difference(double value, std::string_view unit);
// "93.1 to 98.4"
std::string format_range(const Interval& interval, std::string_view unit, bool difference = false);
// "points" for differences of percentages.
std::string difference_unit(std::string_view unit);

// "none" is "16-bit", "rtn" is "RTN"; names we do not know stay as they are.
std::string method_label(const std::string& method);
// Position in tables: the methods in the order of the literature, then all others.
int method_rank(const std::string& method);

// "3 runs", "1 run"
std::string count_of(size_t count, std::string_view noun);
// Letters, digits, '-' and '.'; anything else becomes '_'.
std::string file_stem(std::string_view text);

}  // namespace freeact
