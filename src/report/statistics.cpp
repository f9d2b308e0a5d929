#include "report/statistics.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numbers>
#include <numeric>
#include <tuple>

#include "util/error.h"
#include "util/quantile.h"

namespace freeact {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kNormal975 = 1.959963984540054;

// P(|T| <= t) by the finite series for whole degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4).
double central_t_probability(double t, int degrees_of_freedom) {
  const double theta = std::atan(t / std::sqrt(degrees_of_freedom));
  const double cosine2 = std::cos(theta) * std::cos(theta);
  const bool odd = degrees_of_freedom % 2 == 1;
  double term = odd ? std::cos(theta) : 1.0;
  double sum = degrees_of_freedom == 1 ? 0.0 : term;
  for (int k = odd ? 3 : 2; k <= degrees_of_freedom - 2; k += 2) {
    term *= cosine2 * (k - 1) / k;
    sum += term;
  }
  if (!odd) return std::sin(theta) * sum;
  return 2 / std::numbers::pi * (theta + std::sin(theta) * sum);
}

// The numbers of seeds and of the items of each task.
struct Shape {
  size_t seeds = 0;
  std::vector<size_t> items;

  auto operator<=>(const Shape&) const = default;
};

Shape shape_of(const ScoreTable& values) {
  Shape shape{.seeds = values[0].size(), .items = {}};
  for (const auto& task : values) shape.items.push_back(task[0].size());
  return shape;
}

// What one replicate draws: seeds, then the items of each task one after the other.
using Draws = std::vector<uint32_t>;

Draws draw_replicate(const Shape& shape, Random& random) {
  Draws draws;
  const auto add = [&](size_t count) {
    for (size_t i = 0; i < count; ++i) draws.push_back(static_cast<uint32_t>(random.below(count)));
  };
  draws.reserve(std::accumulate(shape.items.begin(), shape.items.end(), shape.seeds));
  add(shape.seeds);
  for (const size_t items : shape.items) add(items);
  return draws;
}

// All replicates' draws. A report asks for the same ones for every method and setting, and drawing takes longer than
// using what is drawn: the last ones asked for are kept. Null where they are too many to keep.
const std::vector<Draws>* kept_draws(const Shape& shape, Random random, size_t replicates) {
  constexpr size_t kMostKept = 8'000'000;  // draws, of 4 bytes
  using Key = std::tuple<uint64_t, size_t, Shape>;
  thread_local std::map<Key, std::vector<Draws>> kept;
  thread_local size_t total = 0;
  const size_t size = replicates * std::accumulate(shape.items.begin(), shape.items.end(), shape.seeds);
  if (size > kMostKept) return nullptr;
  const Key key{Random(random).next(), replicates, shape};
  if (const auto found = kept.find(key); found != kept.end()) return &found->second;
  if (total + size > kMostKept) {
    kept.clear();
    total = 0;
  }
  total += size;
  auto& draws = kept[key];
  for (size_t i = 0; i < replicates; ++i) draws.push_back(draw_replicate(shape, random));
  return &draws;
}

// Sums over the drawn seeds first: items are then picked from one row instead of from each.
double replicate_mean(const ScoreTable& values, const Draws& draws) {
  const size_t num_seeds = values[0].size();
  const uint32_t* drawn = draws.data() + num_seeds;
  double total = 0;
  std::vector<double> sums;
  for (const auto& task : values) {
    sums.assign(task[0].size(), 0.0);
    for (size_t seed = 0; seed < num_seeds; ++seed)
      for (size_t i = 0; i < sums.size(); ++i) sums[i] += task[draws[seed]][i];
    double sum = 0;
    for (size_t i = 0; i < sums.size(); ++i) sum += sums[*drawn++];
    total += sum / static_cast<double>(num_seeds * sums.size());
  }
  return total / static_cast<double>(values.size());
}

double plain_mean(const ScoreTable& values) {
  std::vector<double> tasks;
  for (const auto& task : values) {
    std::vector<double> seeds;
    for (const auto& items : task) seeds.push_back(mean(items));
    tasks.push_back(mean(seeds));
  }
  return mean(tasks);
}

}  // namespace

double mean(const std::vector<double>& values) {
  if (values.empty()) return kNan;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double t_quantile(double p, int degrees_of_freedom) {
  FREEACT_CHECK(p > 0 && p < 1 && degrees_of_freedom >= 1, "p = {}, {} degrees of freedom", p, degrees_of_freedom);
  if (p < 0.5) return -t_quantile(1 - p, degrees_of_freedom);
  const double central = 2 * p - 1;
  double low = 0;
  double high = 1;
  while (central_t_probability(high, degrees_of_freedom) < central) high *= 2;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (central_t_probability(middle, degrees_of_freedom) < central ? low : high) = middle;
  }
  return (low + high) / 2;
}

double variance(const std::vector<double>& values) {
  const double centre = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - centre) * (value - centre);
  return squares / static_cast<double>(values.size() - 1);
}

Interval t_interval(const std::vector<double>& values) {
  const double centre = mean(values);
  if (values.size() < 2) return {centre, kNan, kNan};
  // Exactly: a deterministic method has no spread, not one of 1e-17.
  if (std::adjacent_find(values.begin(), values.end(), std::not_equal_to<>()) == values.end())
    return {values[0], values[0], values[0]};
  const auto n = static_cast<double>(values.size());
  const double half = t_quantile(0.975, static_cast<int>(values.size()) - 1) * std::sqrt(variance(values) / n);
  return {centre, centre - half, centre + half};
}

Interval normal_interval(double centre, double standard_error) {
  return {centre, centre - kNormal975 * standard_error, centre + kNormal975 * standard_error};
}

Interval wilson_interval(double share, double count) {
  if (!(count > 0)) return {share, kNan, kNan};
  const double z2 = kNormal975 * kNormal975;
  const double middle = (share + z2 / (2 * count)) / (1 + z2 / count);
  const double half = kNormal975 / (1 + z2 / count) * std::sqrt(share * (1 - share) / count + z2 / (4 * count * count));
  return {share, std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

Interval combine_independent(const std::vector<Interval>& parts) {
  double centre = 0;
  double below = 0;
  double above = 0;
  for (const auto& part : parts) {
    centre += part.centre;
    below += (part.centre - part.low) * (part.centre - part.low);
    above += (part.high - part.centre) * (part.high - part.centre);
  }
  const auto n = static_cast<double>(parts.size());
  return {centre / n, (centre - std::sqrt(below)) / n, (centre + std::sqrt(above)) / n};
}

double mcnemar_p_value(int64_t first, int64_t second) {
  const auto trials = static_cast<double>(first + second);
  double tail = 0;
  for (int64_t k = 0; k <= std::min(first, second); ++k) {
    const auto successes = static_cast<double>(k);
    tail += std::exp(std::lgamma(trials + 1) - std::lgamma(successes + 1) - std::lgamma(trials - successes + 1) -
                     trials * std::numbers::ln2);
  }
  return std::min(1.0, 2 * tail);
}

std::vector<double> holm_adjusted(const std::vector<double>& p_values) {
  std::vector<size_t> order;
  for (size_t i = 0; i < p_values.size(); ++i)
    if (!std::isnan(p_values[i])) order.push_back(i);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted = p_values;
  double largest = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    largest = std::max(largest, std::min(1.0, p_values[order[rank]] * static_cast<double>(order.size() - rank)));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

Interval bootstrap_interval(const ScoreTable& values, Random random, int replicates) {
  for (const auto& task : values) {
    FREEACT_CHECK(task.size() == values[0].size(), "tasks with {} and {} seeds", task.size(), values[0].size());
    if (task.empty() || task[0].empty()) return {kNan, kNan, kNan};
    for (const auto& items : task) FREEACT_CHECK(items.size() == task[0].size(), "seeds with other items");
  }
  if (values.empty()) return {kNan, kNan, kNan};
  const Shape shape = shape_of(values);
  std::vector<double> means(static_cast<size_t>(replicates));
  const auto* kept = kept_draws(shape, random, means.size());
  for (size_t i = 0; i < means.size(); ++i)
    means[i] = kept ? replicate_mean(values, (*kept)[i]) : replicate_mean(values, draw_replicate(shape, random));
  std::sort(means.begin(), means.end());
  return {plain_mean(values), quantile_of_sorted(means, 0.025), quantile_of_sorted(means, 0.975)};
}

}  // namespace freeact
