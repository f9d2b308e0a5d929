// Perplexity of autoregressive models on stretches of a text file.
#pragma once

#include "eval/evaluate.h"
#include "eval/plain_text.h"

namespace freeact {

// exp of the mean over the segments of the mean negative log-likelihood of a segment's tokens, the first one given and
// none put in front. Its standard error is that of the mean times the perplexity (delta method). A sample is one
// segment: its score is the perplexity linearised at the mean, P (1 + nll - mean nll), so that scores have the metric's
// unit, mean and standard error; its output holds the segment's own likelihood. Throws UserError on a diffusion model.
TaskResult evaluate_perplexity(const PlainText& text, const EvalTaskSettings& settings, const Replicas& models,
                               const Tokenizer& tokenizer);

}  // namespace freeact
