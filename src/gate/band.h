// Bands: where a metric of new seeds lies unless something has changed, from what the seeds of a reference showed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace freeact {

// How a metric varies from seed to seed.
enum class BandScale {
  kShare,   // right answers in %: neither below 0 nor above 100, and never finer than an item
  kRatio,   // positive, errors, nats and perplexities: by factors, so that logarithms are compared
  kLinear,  // anything else
};

std::string scale_name(BandScale scale);
// Throws UserError on an unknown name.
BandScale parse_scale(const std::string& name);
BandScale scale_of(const std::string& unit, const std::vector<double>& values);

// low and high are NaN where one seed or none was measured: no spread is known.
struct Band {
  double low = 0, high = 0;

  bool known() const { return low <= high; }
  bool holds(double value) const;  // up to what a file rounds
};

// Mean over seeds; of ratios the geometric one, 0 as soon as one of them is 0 or less.
double centre(const std::vector<double>& values, BandScale scale);

// Standard deviation from seed to seed, of ratios that of their logarithms; 0 for fewer than two values.
double spread(const std::vector<double>& values, BandScale scale);

// Where the centre of `new_seeds` further seeds lies with probability 1 - level, as Student's t predicts it from the
// spread of `values`, one a seed. It is never narrower than 1 % of the value to either side, by which two processors
// differ, nor, for shares, than chance among `items` answers a seed allows (Fisher's exact test).
Band prediction_band(const std::vector<double>& values, BandScale scale, int64_t items, int new_seeds, double level);

}  // namespace freeact
