// Calibration sequences: items of a data set's calibration split or stretches of running text, masked as a diffusion
// model sees them during generation.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "config/experiment.h"
#include "model/decoder.h"
#include "tokenizer/tokenizer.h"

namespace freeact {

struct CalibrationSequences {
  std::vector<TokenBatch> calibration, held_out;  // a sequence each
};

// num_samples sequences to learn from and up to as many others to measure errors on, drawn by the seed. Of a data set's
// items a share of each answer is masked; running text (a .txt file) gives sequences of sequence_length tokens at even
// distances, which diffusion models see masked anywhere but in front, and autoregressive models as they are. The shares
// of masked tokens are stratified between the config's bounds, for every part of the data by itself. Sequences of equal
// length stand together, so that they can be batched. Throws UserError when the data set holds fewer items.
CalibrationSequences draw_calibration(const CalibrationConfig& config, const std::filesystem::path& datasets,
                                      const DecoderConfig& model, const Tokenizer& tokenizer, uint64_t seed);

// What must be there for it: files and folders.
std::vector<std::filesystem::path> calibration_places(const CalibrationConfig& config,
                                                      const std::filesystem::path& datasets);

// SHA-256 of the data that draw_calibration reads.
std::string calibration_data_hash(const CalibrationConfig& config, const std::filesystem::path& datasets);

}  // namespace freeact
