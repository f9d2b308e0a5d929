// Intervals for means, shares and paired differences, all two-sided 95%, and tests of paired answers.
#pragma once

#include <cstdint>
#include <vector>

#include "util/random.h"

namespace freeact {

// low and high are NaN where the data cannot give an interval.
struct Interval {
  double centre = 0;
  double low = 0;
  double high = 0;

  double half_width() const { return (high - low) / 2; }
  bool known() const { return low <= high; }
  // All of the interval is on one side of zero.
  bool excludes_zero() const { return known() && (low > 0 || high < 0); }
};

double mean(const std::vector<double>& values);
// Of a sample of two or more: the squares about its mean over n - 1.
double variance(const std::vector<double>& values);

// The p-quantile of Student's t distribution, 0 < p < 1, for a whole number of degrees of freedom >= 1.
double t_quantile(double p, int degrees_of_freedom);

// Mean of independent values with Student's t interval; unknown for fewer than two values.
Interval t_interval(const std::vector<double>& values);

// centre +- 1.96 standard errors.
Interval normal_interval(double centre, double standard_error);

// Wilson's score interval for a share in [0, 1] of `count` items (Wilson, 1927).
Interval wilson_interval(double share, double count);

// Of the mean of independent quantities, from their own intervals: squared distances add up on either side (the MOVER
// method; Zou and Donner, 2008).
Interval combine_independent(const std::vector<Interval>& parts);

// Two-sided p-value of McNemar's exact test (McNemar, 1947): of the items that only one of two methods answers right,
// the first is right on `first` and the second on `second`; without a difference either is as likely. 1 without any.
double mcnemar_p_value(int64_t first, int64_t second);

// Adjusted for testing all of them at once by Holm's step-down method (Holm, 1979), which needs no independence. In the
// same order; NaN is no test and stays NaN.
std::vector<double> holm_adjusted(const std::vector<double>& p_values);

// values[task][seed][item]. All seeds of a task have the same items; all tasks have the same number of seeds.
using ScoreTable = std::vector<std::vector<std::vector<double>>>;

// Mean over tasks of the mean over seeds and items, with a percentile bootstrap interval: every replicate draws the
// seeds anew (the same ones for all tasks) and the items of each task anew. Of differences between two methods on the
// same seeds and items this is the paired bootstrap.
Interval bootstrap_interval(const ScoreTable& values, Random random, int replicates = 2000);

}  // namespace freeact
