// What is measured while an adapter is trained, always on held-out items.
#pragma once

#include <map>
#include <string>

#include "embedded/adapted_model.h"
#include "embedded/adapter_data.h"

namespace freeact {

// Share in % of the first `items` calibration items that come out exactly, one token a step, most confident first.
double puzzle_accuracy(const PuzzleKind& kind, int64_t items, AdaptedModel& model, const Tokenizer& tokenizer);

// Nats per masked token, by mask ratio as text ("0.15").
struct TextLikelihood {
  std::map<std::string, double> model, unigram;
};
TextLikelihood text_likelihood(const TextSequences& text, int64_t segments, const AdaptedModel& model,
                               int64_t row_tokens);

}  // namespace freeact
