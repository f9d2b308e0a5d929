// Is one method better than another? Paired by seed and by item. Perplexities are compared by their logarithms, the
// negative log-likelihoods per token that they are made of.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "report/analysis.h"

namespace freeact {

enum class Verdict { kUnknown, kNotSeparable, kHigher, kLower };

// Items that only one of the two methods answers right. An item counts once, however many seeds there are: for the
// method that is right in more of them, for neither where they are even. Seeds of a deterministic method repeat each
// other and those of a trained one share their items, so that counting each (item, seed) would claim more evidence than
// there is. With one seed, or answers that no seed changes, these are McNemar's counts; otherwise the test is the sign
// test on items, which speaks of these seeds; what other seeds could change is in Comparison::by_seed.
struct Discordance {
  int64_t arm = 0;
  int64_t reference = 0;
};

struct Comparison {
  const Arm* arm = nullptr;
  const Arm* reference = nullptr;
  const Column* column = nullptr;
  std::vector<const Run*> runs;  // both arms' runs of the common seeds: arm, reference, arm, ...
  double difference = 0;         // arm minus reference, mean over common seeds; in unit()
  Interval by_seed;              // Student's t over the differences of each seed
  Interval by_item;              // paired bootstrap over seeds and items, or from standard errors
  bool paired_items = false;     // by_item is the paired bootstrap
  std::optional<Discordance> discordance =
      {};  // of right-or-wrong answers, over the items of all of the column's tasks
  double p_value = std::numeric_limits<double>::quiet_NaN();           // of these counts, McNemar's
  double adjusted_p_value = std::numeric_limits<double>::quiet_NaN();  // among all that comparisons() made
  Verdict verdict = Verdict::kUnknown;

  size_t num_seeds() const { return runs.size() / 2; }
  std::string unit() const { return column->logarithmic ? "nats" : column->unit; }
  bool worse() const { return verdict == (column->higher_is_better ? Verdict::kLower : Verdict::kHigher); }
};

// "higher" and "lower" need every interval that is known to exclude zero, and one that sees the items or a spread
// over seeds; everything else is not separable. Without a common seed the verdict is unknown.
Comparison compare(const Arm& arm, const Arm& reference, const Column& column);

// Sets the p-values that hold for all of these tests at once (Holm).
void adjust_p_values(std::vector<Comparison>& family);

// "sort", "wikitext2, log perplexity"
std::string metric_text(const Comparison& comparison);
// "−1.2 points", "+0.0123 nats"
std::string difference_text(const Comparison& comparison);
// The same as a factor, of logarithmic columns: "× 1.012"
std::string ratio_text(const Comparison& comparison);
// "0.031", "< 0.001"
std::string p_value_text(double p_value);
// "not separable", "lower (worse)", "higher (better; one seed)"
std::string verdict_text(const Comparison& comparison);

// The column that sums a setting's tasks up: their average, or the one task. Null without accuracies.
const Column* accuracy_column(const Setting& setting);
// That column, the likelihood and every perplexity.
bool is_summary(const Setting& setting, const Column& column);

}  // namespace freeact
