#include "scoring/compared.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace freeact {
namespace {

using nlohmann::json;

constexpr double kRelative = 1e-12;  // sums in another order

bool equal(const json& ours, const json& reference) {
  if (ours.is_number() && reference.is_number()) {
    const double a = ours.get<double>(), b = reference.get<double>();
    return std::abs(a - b) <= kRelative * std::max(std::abs(a), std::abs(b));
  }
  if (ours.is_object() && reference.is_object()) {
    if (ours.size() != reference.size()) return false;
    for (const auto& [key, value] : reference.items())
      if (!ours.contains(key) || !equal(ours.at(key), value)) return false;
    return true;
  }
  return ours == reference;
}

}  // namespace

CaseCheck compared(const std::string& case_name, const std::string& output, const json& ours, const json& reference) {
  const bool passed = equal(ours, reference);
  return {case_name, output, ours,
          reference, passed, passed ? "" : fmt::format("{}, not {}", ours.dump(), reference.dump())};
}

}  // namespace freeact
