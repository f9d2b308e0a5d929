#include "gate/band.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "report/statistics.h"
#include "util/error.h"
#include "util/suggest.h"

namespace freeact {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLeastRelative = 0.01;  // half a band, relative to its centre
constexpr double kLeastAbsolute = 1e-9;  // where the centre is 0
constexpr double kMostLogarithm = 230;   // of the factor of a ratio's band: 1e100 says nothing, and can be written
constexpr std::array kScaleNames = {"share", "ratio", "linear"};

std::vector<double> logarithms(std::vector<double> values) {
  for (double& value : values) value = std::log(value);
  return values;
}

double deviation(const std::vector<double>& values) {
  return values.size() < 2 ? 0 : std::sqrt(variance(values));
}

// Half of Student's prediction interval for the mean of `new_seeds` values (Hahn, 1969).
double half_width(const std::vector<double>& values, int new_seeds, double level) {
  const auto n = static_cast<double>(values.size());
  const double t = t_quantile(1 - level / 2, static_cast<int>(values.size()) - 1);
  return t * deviation(values) * std::sqrt(1 / n + 1 / static_cast<double>(new_seeds));
}

double log_choose(int64_t n, int64_t k) {
  const auto a = static_cast<double>(n), b = static_cast<double>(k);
  return std::lgamma(a + 1) - std::lgamma(b + 1) - std::lgamma(a - b + 1);
}

// Answers of a reference and of new seeds; `right` of all of the reference's are.
struct Answers {
  int64_t reference, right, added;

  // The chance that of all right answers, of which the new seeds have `k`, they would have k or fewer (lower), or k or
  // more, if these were spread at random. From k outwards terms become smaller: the sum ends where they add nothing.
  double tail(int64_t k, bool lower) const {
    const int64_t all_right = right + k, least = std::max<int64_t>(0, all_right - reference),
                  most = std::min(added, all_right), step = lower ? -1 : 1;
    const double of_all = log_choose(reference + added, all_right);
    double sum = 0;
    for (int64_t i = k; i >= least && i <= most; i += step) {
      const double term = std::exp(log_choose(added, i) + log_choose(reference, all_right - i) - of_all);
      sum += term;
      if (term <= sum * std::numeric_limits<double>::epsilon() / 16) break;  // both may be too small for a number
    }
    return sum;
  }
};

// The last of the numbers from `inside` to `end`, in either direction, that holds; all before it do, all behind do not.
int64_t last_that_holds(int64_t inside, int64_t end, const auto& holds) {
  while (inside != end) {
    const int64_t middle = end - (end - inside) / 2;  // nearer to the end
    if (holds(middle))
      inside = middle;
    else
      end = middle + (inside < end ? -1 : 1);
  }
  return inside;
}

// Counts of right answers among the new that Fisher's exact test leaves, as shares in %.
Band item_band(double share, int64_t seeds, int64_t items, int new_seeds, double level) {
  const int64_t reference = seeds * items, added = new_seeds * items;
  share = std::clamp(share, 0.0, 100.0) / 100;
  const Answers answers = {reference, std::llround(share * static_cast<double>(reference)), added};
  const int64_t expected = std::llround(share * static_cast<double>(added));
  const int64_t low = last_that_holds(expected, 0, [&](int64_t k) { return answers.tail(k, true) > level / 2; });
  const int64_t high = last_that_holds(expected, added, [&](int64_t k) { return answers.tail(k, false) > level / 2; });
  return {100.0 * static_cast<double>(low) / static_cast<double>(added),
          100.0 * static_cast<double>(high) / static_cast<double>(added)};
}

Band share_band(const std::vector<double>& values, int64_t items, int new_seeds, double level) {
  const double middle = mean(values), half = half_width(values, new_seeds, level);
  Band band = {middle - half, middle + half};
  if (items > 0) {
    const Band of_items = item_band(middle, std::ssize(values), items, new_seeds, level);
    band = {std::min(band.low, of_items.low), std::max(band.high, of_items.high)};
  }
  return {std::max(0.0, band.low), std::min(100.0, band.high)};
}

}  // namespace

bool Band::holds(double value) const {
  constexpr double kRounding = 1e-5;  // files state six digits
  const double slack = kRounding * std::max(std::abs(low), std::abs(high));
  return value >= low - slack && value <= high + slack;
}

std::string scale_name(BandScale scale) {
  return kScaleNames[static_cast<size_t>(scale)];
}

BandScale parse_scale(const std::string& name) {
  const auto* found = std::find(kScaleNames.begin(), kScaleNames.end(), name);
  if (found == kScaleNames.end())
    throw UserError(unknown_name("scale", name, {kScaleNames.begin(), kScaleNames.end()}));
  return static_cast<BandScale>(found - kScaleNames.begin());
}

BandScale scale_of(const std::string& unit, const std::vector<double>& values) {
  if (unit == "%") return BandScale::kShare;
  const bool positive = std::all_of(values.begin(), values.end(), [](double value) { return value > 0; });
  return positive && !values.empty() ? BandScale::kRatio : BandScale::kLinear;
}

double centre(const std::vector<double>& values, BandScale scale) {
  if (scale != BandScale::kRatio) return mean(values);
  if (std::any_of(values.begin(), values.end(), [](double value) { return value <= 0; })) return 0;
  return std::exp(mean(logarithms(values)));
}

double spread(const std::vector<double>& values, BandScale scale) {
  return deviation(scale == BandScale::kRatio ? logarithms(values) : values);
}

Band prediction_band(const std::vector<double>& values, BandScale scale, int64_t items, int new_seeds, double level) {
  FREEACT_CHECK(new_seeds > 0 && level > 0 && level < 1, "{} seeds at level {}", new_seeds, level);
  if (values.size() < 2) return {kNan, kNan};
  if (scale == BandScale::kShare) return share_band(values, items, new_seeds, level);
  const double middle = centre(values, scale);
  if (scale == BandScale::kRatio) {
    const double half = half_width(logarithms(values), new_seeds, level);
    const double factor = std::exp(std::clamp(half, std::log1p(kLeastRelative), kMostLogarithm));
    return {middle / factor, middle * factor};
  }
  const double half =
      std::max({half_width(values, new_seeds, level), kLeastRelative * std::abs(middle), kLeastAbsolute});
  return {middle - half, middle + half};
}

}  // namespace freeact
