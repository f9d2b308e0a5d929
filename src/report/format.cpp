#include "report/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

namespace freeact {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kMethods = {{{"none", "16-bit"},
                                                                                    {"rtn", "RTN"},
                                                                                    {"smoothquant", "SmoothQuant"},
                                                                                    {"quarot", "QuaRot"},
                                                                                    {"wush", "WUSH"},
                                                                                    {"flatquant", "FlatQuant"},
                                                                                    {"freeact", "FreeAct"},
                                                                                    {"freeact_plus", "FreeAct+"}}};

std::string digits(double magnitude, std::string_view unit) {
  const int decimals = unit == "%" ? 1 : unit == "ppl" ? 2 : 4;
  return fmt::format("{:.{}f}", magnitude, decimals);
}

bool rounds_to_zero(const std::string& text) {
  return text.find_first_of("123456789ni") == std::string::npos;
}

}  // namespace

std::string format_value(double value, std::string_view unit) {
  const std::string text = digits(std::abs(value), unit);
  return std::signbit(value) && !std::isnan(value) && !rounds_to_zero(text) ? "−" + text : text;
}

std::string format_megabytes(int64_t bytes) {
  const double megabytes = static_cast<double>(bytes) / 1e6;
  return megabytes < 100 ? fmt::format("{:.3g}", megabytes) : fmt::format("{:.0f}", megabytes);
}

std::string format_difference(double value, std::string_view unit) {
  const std::string text = digits(std::abs(value), unit);
  if (std::isnan(value) || rounds_to_zero(text)) return text;
  return (value < 0 ? "−" : "+") + text;
}

std::string format_range(const Interval& interval, std::string_view unit, bool difference) {
  const auto format = difference ? format_difference : format_value;
  return fmt::format("{} to {}", format(interval.low, unit), format(interval.high, unit));
}

std::string difference_unit(std::string_view unit) {
  return unit == "%" ? "points" : std::string(unit);
}

std::string method_label(const std::string& method) {
  for (const auto& [name, label] : kMethods)
    if (method == name) return std::string(label);
  return method;
}

int method_rank(const std::string& method) {
  const auto* found = std::find_if(kMethods.begin(), kMethods.end(), [&](const auto& m) { return m.first == method; });
  return static_cast<int>(found - kMethods.begin());
}

std::string count_of(size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string file_stem(std::string_view text) {
  std::string stem;
  for (const char c : text) stem += std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' ? c : '_';
  return stem;
}

}  // namespace freeact
