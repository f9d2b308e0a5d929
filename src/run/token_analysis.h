// What a run records of the activations of each token type, beside its results.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "calibration/driver.h"
#include "config/experiment.h"
#include "store/record.h"

namespace freeact {

// UserError for a layer that the model lacks.
void check_analysis(const AnalysisConfig& analysis, const DecoderConfig& config);

// Of the 16-bit model: statistics, row spaces and solution spaces. note(text) is called as the work goes on.
void record_activations(const Decoder& model, const std::vector<TokenBatch>& data,
                        const std::function<void(const std::string&)>& note, RunRecord& record);

// What the quantisers of the model see of the first batch; of a 16-bit model what its sites read.
void record_surfaces(const Decoder& model, const std::vector<TokenBatch>& data, const AnalysisConfig& analysis,
                     RunRecord& record);

// The row of a site's error.
LayerError layer_error(const SiteError& error, const DecoderConfig& config);

}  // namespace freeact
