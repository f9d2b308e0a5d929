#include "store/stream.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace freeact {

std::vector<std::string> stream_arms(const StreamRecord& stream) {
  std::vector<std::string> arms;
  for (const auto& point : stream.points)
    if (std::find(arms.begin(), arms.end(), point.arm) == arms.end()) arms.push_back(point.arm);
  return arms;
}

double mean_of_stream(const StreamRecord& stream, double StreamPoint::*value, const std::string& arm, int begin,
                      int end, const std::string& token_type) {
  std::map<int, std::pair<double, int>> sums;  // by window
  for (const auto& point : stream.points) {
    const bool counts = point.arm == arm && point.window >= begin && point.window < end &&
                        (token_type.empty() || point.token_type == token_type);
    if (!counts) continue;
    sums[point.window].first += point.*value;
    ++sums[point.window].second;
  }
  if (sums.empty()) return std::numeric_limits<double>::quiet_NaN();
  double total = 0;
  for (const auto& [window, sum] : sums) total += sum.first / sum.second;
  return total / static_cast<double>(sums.size());
}

}  // namespace freeact
