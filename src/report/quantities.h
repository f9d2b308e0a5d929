// The few numbers that sum a setting up, for pictures.
#pragma once

#include <string>
#include <vector>

#include "report/analysis.h"

namespace freeact {

struct Quantity {
  std::string title;
  bool logarithmic = false;
  const Column* column = nullptr;  // null: the layer error, mean over layers, sites and token types
};

// The average accuracy, likelihoods and perplexities, and the layer error where it was recorded.
std::vector<Quantity> summary_quantities(const Setting& setting);

// A value for each run that has one.
std::vector<double> values_of(const Arm& arm, const Quantity& quantity);

}  // namespace freeact
