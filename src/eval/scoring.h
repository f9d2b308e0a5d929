// The kinds of tasks, on data already read; see settings.h for the settings. Letters: B batch, T tokens.
#pragma once

#include <string>
#include <vector>

#include "eval/dataset.h"
#include "eval/evaluate.h"
#include "eval/plain_text.h"

namespace freeact {

// Mean and standard error of the mean (0 for fewer than two values).
struct Estimate {
  double mean = 0, standard_error = 0;
};
Estimate estimate(const std::vector<double>& values);

// Of scores that are 0 or 1, in per cent.
MetricValue percentage(const std::string& name, const std::vector<double>& scores);

// Of likelihoods in nats.
MetricValue nll_metric(const std::string& group, const std::vector<double>& values);

// Where the segments of a text begin: the first num_items of the settings' offsets; all where it is 0.
std::vector<int64_t> chosen_offsets(const EvalTaskSettings& settings);

// SHA-256 of a segment's ids.
std::string hash_of_ids(const std::vector<int64_t>& ids);

// The answer's text in a sequence a model has completed: from the slot's begin to the first end of sequence, or to the
// slot's end.
std::string answer_text(const std::vector<int64_t>& ids, const TokenSequence& sequence, const Tokenizer& tokenizer,
                        int64_t end_id);

// The share of items whose answer is right, see score_answer(). Where answers are appended (generation.max_new_tokens),
// their text is cut at the stops first and then loses its special tokens. With answer_nll also the mean over the items
// of the nats per token of the right answer and the end of its turn.
TaskResult evaluate_generation(const std::vector<DatasetPart>& parts, const EvalTaskSettings& settings,
                               const Replicas& models, const Tokenizer& tokenizer, uint64_t seed,
                               const Prompter* prompter = nullptr, EvaluationWatch watch = {});

// Negative log-likelihood in nats. At each ratio r, round(r n) and at least one of the n answer tokens are masked; an
// item counts with the mean over its masked tokens, the whole task with the mean over the ratios.
TaskResult evaluate_likelihood(const std::vector<DatasetPart>& parts, const EvalTaskSettings& settings,
                               const Replicas& models, const Tokenizer& tokenizer, uint64_t seed);

// The same of the segments of a text, in which any token but the first may be masked.
TaskResult evaluate_likelihood(const PlainText& text, const EvalTaskSettings& settings, const Replicas& models,
                               const Tokenizer& tokenizer, uint64_t seed);

// Accuracy: the share of items whose likeliest choice is the right one; normalised: the one with the highest log
// likelihood per byte of its text (EleutherAI/lm-evaluation-harness, acc and acc_norm). Diffusion models estimate the
// likelihood (monte_carlo_nll) with the same masks for all choices of one length, autoregressive models compute it.
TaskResult evaluate_choices(const std::vector<ChoicePart>& parts, const EvalTaskSettings& settings,
                            const Replicas& models, const Tokenizer& tokenizer, uint64_t seed);

// A text to be scored after another one, as token ids.
struct Continuation {
  std::vector<int64_t> context, ids;
};
// Spaces that end the context go to the continuation; the joined text is encoded and cut where the context's own ids
// would end (ML-GSAI/LLaDA and EleutherAI/lm-evaluation-harness, _encode_pair).
Continuation encode_continuation(const Tokenizer& tokenizer, const std::string& context,
                                 const std::string& continuation);

}  // namespace freeact
