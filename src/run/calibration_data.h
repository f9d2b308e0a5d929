// Calibration sequences: items of a data set's calibration split or stretches of running text. Diffusion models see
// them masked as during generation, autoregressive models the items as whole conversations, images included.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "config/experiment.h"
#include "model/decoder.h"
#include "prompt/prompter.h"
#include "tokenizer/tokenizer.h"

namespace freeact {

struct CalibrationSequences {
  std::vector<TokenBatch> calibration, held_out;  // a sequence each
};

// num_samples sequences to learn from and up to as many others to measure errors on, drawn by the seed. Of a data set's
// items a share of each answer is masked; running text (a .txt file) gives sequences of sequence_length tokens at even
// distances, which diffusion models see masked anywhere but in front, and autoregressive models as they are. The shares
// of masked tokens are stratified between the config's bounds, for every part of the data by itself. With
// calibration.states decoding the model, in 16 bits, has written the rest of the answers, or of the second half of a
// text: see partly_written(). Those to learn from are weighed by calibration.loss_weights. Sequences of equal length
// stand together, so that they can be batched. prompter is that of the model, where are_conversations(). Throws
// UserError when the data set holds fewer items.
CalibrationSequences draw_calibration(const CalibrationConfig& config, const std::filesystem::path& datasets,
                                      const Decoder& model, const Tokenizer& tokenizer, uint64_t seed,
                                      const Prompter* prompter = nullptr);

// Whether the model itself computes what it is calibrated on: the states, or what their tokens weigh.
bool asks_model(const CalibrationConfig& config);

// Whether the model sees items as conversations: question, right answer, end of turn.
bool are_conversations(const CalibrationConfig& config, const DecoderConfig& model);

// calibration.images. Throws FieldError.
ImageLimits image_limits(const CalibrationConfig& config);

// Throws UserError when states or weights ask for masks that the model does not have, and, naming file and line, when
// an item has an image that the model would not see.
void check_calibration_fits(const CalibrationConfig& config, const std::filesystem::path& datasets,
                            const DecoderConfig& model, bool model_sees_images);

// What must be there for it: files and folders.
std::vector<std::filesystem::path> calibration_places(const CalibrationConfig& config,
                                                      const std::filesystem::path& datasets);

// SHA-256 of the data that draw_calibration reads.
std::string calibration_data_hash(const CalibrationConfig& config, const std::filesystem::path& datasets);

}  // namespace freeact
