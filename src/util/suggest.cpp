#include "util/suggest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

namespace freeact {

int edit_distance(std::string_view a, std::string_view b) {
  std::vector<int> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const int substitute = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row[b.size()];
}

std::string unknown_name(std::string_view kind, std::string_view name, const std::vector<std::string>& known,
                         std::string_view where) {
  constexpr size_t kLongest = 200;  // of names that anybody misspells; comparing takes the product of both lengths
  std::vector<std::string> near;
  for (const auto& candidate : known) {
    const int limit = std::max<int>(2, static_cast<int>(name.size()) / 3);
    if (std::max(name.size(), candidate.size()) > kLongest) continue;
    if (edit_distance(name, candidate) <= limit) near.push_back(candidate);
  }
  std::string text = fmt::format("{}no {} '{}'", where, kind, name);
  if (!near.empty()) text += fmt::format("; did you mean '{}'?", fmt::join(near, "' or '"));
  if (!known.empty()) text += fmt::format("{} known: {}", near.empty() ? ";" : "", fmt::join(known, ", "));
  return text;
}

}  // namespace freeact
