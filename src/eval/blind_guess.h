// What could be scored without looking at the pictures.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "eval/dataset.h"
#include "eval/evaluate.h"

namespace freeact {

// The file of items that guesses are learnt from: the part's split "train", or "calibration" where its folder has none;
// nothing when it has neither, or the part has no images.
std::optional<std::filesystem::path> guess_source(const DatasetPart& part);

// "blind_guess": the share of items whose right answer is the one that the source gives most often to the very question
// text, or, to a question it does not know, most often of all; of equally frequent ones the first by its characters.
// Nothing when no part has a source.
std::optional<MetricValue> blind_guess(const std::vector<DatasetPart>& parts, const std::string& metric);

}  // namespace freeact
