// How far the answers of a diffusion model's calibration sequences are written.
#pragma once

#include <cstdint>
#include <vector>

#include "config/experiment.h"
#include "eval/layout.h"
#include "eval/settings.h"
#include "model/decoder.h"
#include "tokenizer/tokenizer.h"
#include "util/random.h"

namespace freeact {

// A stretch of text of which the first `given` tokens are shown.
TokenSequence blank_text(const std::vector<int64_t>& ids, size_t given, int64_t mask_id);

// Each sequence with a share of its answer written: the right tokens at random places (calibration.states masked), or
// what the model itself has written before one of its steps (decoding). The shares of masks, and of steps to come, are
// stratified between the config's bounds, for the sequences of a call by themselves. Batches know their roles.
std::vector<TokenBatch> partly_written(const std::vector<TokenSequence>& sequences, const CalibrationConfig& config,
                                       const Decoder& model, const Tokenizer& tokenizer, Random& random);

// For each sequence, its ids before a step of its decoding from all its masks. Of the K states that have a mask left,
// to_come[i] in [0, 1] chooses number floor((1 - to_come) K), counted from 0: 1 is the first and 0 the last. Throws
// UserError when the settings do not fit the model.
std::vector<std::vector<int64_t>> decoded_states(const std::vector<TokenSequence>& sequences,
                                                 const std::vector<double>& to_come, const AnswerSettings& settings,
                                                 const Decoder& model, const Tokenizer& tokenizer, uint64_t seed);

// calibration.decoding. Throws FieldError, also where it asks for masks that the layout does not have.
AnswerSettings decoding_settings(const CalibrationConfig& config);

}  // namespace freeact
