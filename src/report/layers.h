// Relative layer errors, averaged over what a table or plot does not show.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "report/analysis.h"

namespace freeact {

// In order of first appearance over all runs of the setting.
std::vector<std::string> layer_sites(const Setting& setting);
std::vector<std::string> layer_token_types(const Setting& setting);

// Mean relative error over the rows that `keep` accepts in each run, one value per run that has any.
std::vector<double> mean_layer_errors(const Arm& arm, const std::function<bool(const LayerError&)>& keep);

}  // namespace freeact
