#include "eval/perplexity.h"

#include <cmath>

#include "eval/scoring.h"
#include "generation/likelihood.h"

namespace freeact {
namespace {

double mean_nll(const Decoder& model, const std::vector<int64_t>& ids) {
  return left_to_right_nll(model, std::vector{ids[0]}, {ids.begin() + 1, ids.end()}) /
         static_cast<double>(ids.size() - 1);
}

}  // namespace

TaskResult evaluate_perplexity(const PlainText& text, const EvalTaskSettings& settings, const Replicas& models,
                               const Tokenizer& tokenizer) {
  if (models.config().sampler != "none")
    throw UserError("task '{}': perplexity needs an autoregressive model, but this one is a diffusion model",
                    settings.name);
  TaskResult result = {settings.name, settings.version, {}, {}};
  const auto offsets = chosen_offsets(settings);
  std::vector<double> nlls(offsets.size());
  result.samples.resize(offsets.size());
  models.for_each(offsets.size(), [&](const Decoder& model, size_t i) {
    const auto ids = text.tokens(tokenizer, offsets[i], settings.segments.tokens);
    nlls[i] = mean_nll(model, ids);
    const Json output = {{"offset", offsets[i]}, {"nll", nlls[i]}};
    result.samples[i] = {static_cast<int64_t>(i), hash_of_ids(ids), output.dump(), 0};
  });
  const Estimate nll = estimate(nlls);
  const double perplexity = std::exp(nll.mean);
  for (size_t i = 0; i < nlls.size(); ++i) result.samples[i].score = perplexity * (1 + nlls[i] - nll.mean);
  result.metrics.push_back(
      {"perplexity", "", perplexity, perplexity * nll.standard_error, std::ssize(nlls), false, "ppl"});
  return result;
}

}  // namespace freeact
