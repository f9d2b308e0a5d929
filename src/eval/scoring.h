// The two kinds of tasks, on data already read; see evaluate.h for the settings. Letters: B batch, T tokens.
#pragma once

#include <string>
#include <vector>

#include "eval/dataset.h"
#include "eval/evaluate.h"

namespace freeact {

// Mean and standard error of the mean (0 for fewer than two values).
struct Estimate {
  double mean = 0, standard_error = 0;
};
Estimate estimate(const std::vector<double>& values);

// The answer's text in a sequence a model has completed: from the slot's begin to the first end of sequence, or to the
// slot's end.
std::string answer_text(const std::vector<int64_t>& ids, const TokenSequence& sequence, const Tokenizer& tokenizer,
                        int64_t end_id);

// Exact match: the share of items whose text is the answer, character by character.
TaskResult evaluate_generation(const std::vector<DatasetPart>& parts, const EvalTaskSettings& settings,
                               const Decoder& model, const Tokenizer& tokenizer, uint64_t seed);

// Negative log-likelihood in nats. At each ratio r, round(r n) and at least one of the n answer tokens are masked; an
// item counts with the mean over its masked tokens, the whole task with the mean over the ratios.
TaskResult evaluate_likelihood(const std::vector<DatasetPart>& parts, const EvalTaskSettings& settings,
                               const Decoder& model, const Tokenizer& tokenizer, uint64_t seed);

}  // namespace freeact
